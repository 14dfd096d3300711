//! Requests read and answers written as bytes, within limits.

use serde::Serialize;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{OutputStream, StreamError};

/// Bytes read at once.
const READ_BYTES: u64 = 64 * 1024;

/// A whole answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// `200` with JSON.
    pub(crate) fn json(body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self {
                status: 200,
                headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
                body,
            },
            Err(error) => {
                eprintln!("an answer can not be written: {error}");
                Self::status(500)
            }
        }
    }

    /// `200` without a body.
    pub(crate) fn empty() -> Self {
        Self::status(200)
    }

    /// A status without a body.
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: vec![],
            body: vec![],
        }
    }
}

/// Why a body was not read.
#[derive(Debug, PartialEq)]
pub(crate) enum BodyError {
    /// It has more bytes than are read.
    TooLarge,
    /// It broke off.
    Broken,
}

impl BodyError {
    /// What its sender is told.
    pub(crate) fn answer(&self) -> Answer {
        Answer::status(match self {
            Self::TooLarge => 413,
            Self::Broken => 400,
        })
    }
}

/// Reads a request's body of at most so many bytes.
pub(crate) fn body(request: IncomingRequest, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let incoming = request.consume().map_err(|()| BodyError::Broken)?;
    let stream = incoming.stream().map_err(|()| BodyError::Broken)?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) if body.len() + bytes.len() > bytes_max => return Err(BodyError::TooLarge),
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(_)) => return Err(BodyError::Broken),
        }
    }
    drop(stream);
    drop(IncomingBody::finish(incoming));
    Ok(body)
}

/// Sends an answer. A client that is gone needs none.
pub(crate) fn respond(response: ResponseOutparam, answer: Answer) {
    let body = answer.body;
    if let Some(outgoing) = head(response, answer.status, &answer.headers) {
        let written = outgoing.write().map_err(|()| StreamError::Closed);
        if written.and_then(|stream| write(&stream, &body)).is_ok() {
            drop(OutgoingBody::finish(outgoing, None));
        }
    }
}

/// Sends an answer's head and returns its body, unless a header is none.
pub(crate) fn head(response: ResponseOutparam, status: u16, headers: &[(String, Vec<u8>)]) -> Option<OutgoingBody> {
    let refused = |what: &str| Err(ErrorCode::InternalError(Some(format!("{what} was refused"))));
    let Ok(fields) = Fields::from_list(headers) else {
        ResponseOutparam::set(response, refused("a header"));
        return None;
    };
    let outgoing = OutgoingResponse::new(fields);
    if outgoing.set_status_code(status).is_err() {
        ResponseOutparam::set(response, refused("a status"));
        return None;
    }
    let body = outgoing.body().ok();
    ResponseOutparam::set(response, Ok(outgoing));
    body
}

fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let allowed = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if allowed == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(allowed.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_flush()
}
