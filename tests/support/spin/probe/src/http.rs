//! Requests and answers, by hand: no runtime between the interface and the test.

use std::time::Duration;

use wasip2::{
    http::{
        outgoing_handler,
        types::{Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme},
    },
    io::streams::{InputStream, StreamError},
};

/// Bytes read at a time.
const CHUNK_BYTES: u64 = 16 * 1024;

/// A request's whole body as text.
pub(crate) fn body(request: &IncomingRequest) -> String {
    let body = request.consume().expect("the body is there once");
    read(&body.stream().expect("the stream is there once"))
}

fn read(stream: &InputStream) -> String {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => return String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Answers 200 with a text.
pub(crate) fn respond(out: ResponseOutparam, text: &str) {
    stream(out, [text], Duration::ZERO);
}

/// Answers 200 with pieces of text and a pause after each.
pub(crate) fn stream<const N: usize>(out: ResponseOutparam, pieces: [&str; N], pause: Duration) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body is there once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is there once");
    for piece in pieces {
        for chunk in piece.as_bytes().chunks(4096) {
            stream.blocking_write_and_flush(chunk).expect("somebody reads");
        }
        std::thread::sleep(pause);
    }
    drop(stream);
    OutgoingBody::finish(body, None).expect("the body is whole");
}

/// What a `http://` URL answers.
pub(crate) fn get(url: &str) -> String {
    let rest = url.trim_start_matches("http://");
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(&format!("/{path}"))).expect("a path");
    let pending = match outgoing_handler::handle(request, None) {
        Ok(pending) => pending,
        Err(error) => return format!("{error:?}"),
    };
    pending.subscribe().block();
    match pending.get().expect("it is there").expect("it is there once") {
        Ok(response) => {
            let body = response.consume().expect("the body is there once");
            let text = read(&body.stream().expect("the stream is there once"));
            format!("{} {text}", response.status())
        }
        Err(error) => format!("{error:?}"),
    }
}
