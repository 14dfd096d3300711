//! A blocking HTTP client for the few calls that adapters make: it waits on the host and needs no executor, so it can be
//! used beneath one.

use std::time::{Duration, Instant};

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

/// Bytes read at once from an answer.
const READ_BYTES: u64 = 64 * 1024;

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, `DELETE` and so on.
    pub method: &'a str,
    /// `http://` or `https://`, authority, path and query.
    pub url: &'a str,
    /// Names and values. They may hold secrets, so they are never logged.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; may be empty.
    pub body: &'a [u8],
    /// How long all of it may take.
    pub within: Duration,
    /// Bytes of the answer's body at most.
    pub answer_bytes_max: usize,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status, whatever it is.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, in lower case, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }
}

/// Why there is no answer. Whether the request had an effect is unknown, except after `Refused`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HttpError {
    /// The request is none, or the host does not let it out.
    #[error("the request was refused: {0}")]
    Refused(String),
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer in time")]
    Late,
    /// The answer is larger than the caller reads.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// See [`HttpError`]; a status that tells of an error is an answer.
pub fn send(request: &Request<'_>) -> Result<Answer, HttpError> {
    let deadline = Instant::now() + request.within;
    let (outgoing, options) = build(request)?;
    let body = outgoing.body().map_err(|()| refused("a body"))?;
    let pending = outgoing_handler::handle(outgoing, Some(options)).map_err(|error| code(&error))?;
    write(body, request.body, deadline)?;
    let response = wait(&pending, deadline)?;
    read(response, request.answer_bytes_max, deadline)
}

fn refused(what: &str) -> HttpError {
    HttpError::Refused(what.to_owned())
}

fn code(error: &ErrorCode) -> HttpError {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::HttpRequestUriInvalid | ErrorCode::DestinationIpProhibited => {
            HttpError::Refused(format!("{error:?}"))
        }
        ErrorCode::ConnectionTimeout | ErrorCode::HttpResponseTimeout => HttpError::Late,
        error => HttpError::Broken(format!("{error:?}")),
    }
}

fn build(request: &Request<'_>) -> Result<(OutgoingRequest, RequestOptions), HttpError> {
    let (scheme, rest) = match request.url.split_once("://") {
        Some(("http", rest)) => (Scheme::Http, rest),
        Some(("https", rest)) => (Scheme::Https, rest),
        _ => return Err(refused("the address begins with neither http:// nor https://")),
    };
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let mut entries: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    if !request.body.is_empty() {
        entries.push(("content-length".to_owned(), request.body.len().to_string().into_bytes()));
    }
    let fields = Fields::from_list(&entries).map_err(|_| refused("a header"))?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match request.method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        other => Method::Other(other.to_owned()),
    };
    outgoing.set_method(&method).map_err(|()| refused("the method"))?;
    outgoing.set_scheme(Some(&scheme)).map_err(|()| refused("the scheme"))?;
    outgoing
        .set_authority(Some(authority))
        .map_err(|()| refused("the authority"))?;
    outgoing
        .set_path_with_query(Some(path))
        .map_err(|()| refused("the path"))?;
    let options = RequestOptions::new();
    let nanos = u64::try_from(request.within.as_nanos()).unwrap_or(u64::MAX);
    // A host that does not take one of these is bounded by the deadline all the same.
    let _ = options.set_connect_timeout(Some(nanos));
    let _ = options.set_first_byte_timeout(Some(nanos));
    let _ = options.set_between_bytes_timeout(Some(nanos));
    Ok((outgoing, options))
}

fn write(body: OutgoingBody, mut bytes: &[u8], deadline: Instant) -> Result<(), HttpError> {
    let stream = body.write().map_err(|()| refused("a body"))?;
    while !bytes.is_empty() {
        let allowed = match stream.check_write() {
            Ok(allowed) => usize::try_from(allowed).unwrap_or(usize::MAX),
            // The answer tells why the other side stopped reading.
            Err(_) => break,
        };
        if allowed == 0 {
            block(&stream.subscribe(), deadline)?;
            continue;
        }
        let (now, later) = bytes.split_at(allowed.min(bytes.len()));
        if stream.write(now).is_err() {
            break;
        }
        bytes = later;
    }
    drop(stream);
    if bytes.is_empty() {
        OutgoingBody::finish(body, None).map_err(|error| code(&error))?;
    }
    Ok(())
}

fn wait(pending: &FutureIncomingResponse, deadline: Instant) -> Result<IncomingResponse, HttpError> {
    loop {
        match pending.get() {
            Some(Ok(answer)) => return answer.map_err(|error| code(&error)),
            Some(Err(())) => return Err(HttpError::Broken("the answer was taken already".to_owned())),
            None => block(&pending.subscribe(), deadline)?,
        }
    }
}

fn read(response: IncomingResponse, bytes_max: usize, deadline: Instant) -> Result<Answer, HttpError> {
    let status = response.status();
    let headers = response.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value));
    let headers = headers.collect();
    let incoming = response
        .consume()
        .map_err(|()| HttpError::Broken("no body".to_owned()))?;
    let stream = incoming
        .stream()
        .map_err(|()| HttpError::Broken("no body".to_owned()))?;
    let mut body = Vec::new();
    loop {
        match stream.read(READ_BYTES) {
            Ok(bytes) if bytes.is_empty() => block(&stream.subscribe(), deadline)?,
            Ok(bytes) if body.len() + bytes.len() > bytes_max => return Err(HttpError::TooLarge(bytes_max)),
            Ok(bytes) => body.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(HttpError::Broken(error.to_debug_string())),
        }
    }
    drop(stream);
    drop(IncomingBody::finish(incoming));
    Ok(Answer { status, headers, body })
}

/// Waits for the host, no longer than until the deadline.
fn block(ready: &wasip2::io::poll::Pollable, deadline: Instant) -> Result<(), HttpError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(HttpError::Late);
    }
    let nanos = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
    let timer = wasip2::clocks::monotonic_clock::subscribe_duration(nanos);
    wasip2::io::poll::poll(&[ready, &timer]);
    Ok(())
}
