//! The service as `wasi:http/incoming-handler`.

use std::io::Write;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use crate::asset::ASSETS;
use crate::route::{Request, Response, respond};

wasip2::http::proxy::export!(Web with_types_in wasip2);

struct Web;

impl Guest for Web {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = answer(&request);
        let Some(head) = head(&response) else {
            let cause = "the host refused a header of this component".to_owned();
            return ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(cause))));
        };
        // A body that is never asked for is empty: the host then takes the length of a `HEAD` or 304 as it is told.
        let body = if response.body.is_empty() {
            None
        } else {
            head.body().ok()
        };
        ResponseOutparam::set(out, Ok(head));
        if let Some(body) = body {
            send(body, response.body);
        }
    }
}

fn answer(request: &IncomingRequest) -> Response {
    let headers = request.headers();
    let header = |name: &str| {
        let lines = headers.get(name);
        (!lines.is_empty()).then(|| String::from_utf8_lossy(&lines.join(&b","[..])).into_owned())
    };
    let target = request.path_with_query().unwrap_or_default();
    respond(
        &Request {
            method: method(&request.method()),
            path: target.split('?').next().unwrap_or_default(),
            accept: header("accept").as_deref(),
            accept_encoding: header("accept-encoding").as_deref(),
            if_none_match: header("if-none-match").as_deref(),
        },
        ASSETS,
    )
}

fn method(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}

fn head(response: &Response) -> Option<OutgoingResponse> {
    let length = response
        .content_length
        .map(|bytes| ("content-length", bytes.to_string()));
    let length = length.iter().map(|(name, value)| (*name, value.as_str()));
    let headers: Vec<_> = response.headers.iter().copied().chain(length).map(field).collect();
    let head = OutgoingResponse::new(Fields::from_list(&headers).ok()?);
    head.set_status_code(response.status).ok()?;
    Some(head)
}

fn field((name, value): (&str, &str)) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

/// Sends the body. A client that is gone needs nothing more, and a body that was cut short is not declared complete: the
/// host then breaks the connection instead of passing half a file off as a whole one.
fn send(body: OutgoingBody, bytes: &[u8]) {
    let Ok(mut stream) = body.write() else { return };
    let sent = stream.write_all(bytes).and_then(|()| Write::flush(&mut stream));
    drop(stream);
    if sent.is_ok() {
        // An error here is the same news: the client is gone.
        drop(OutgoingBody::finish(body, None));
    }
}
