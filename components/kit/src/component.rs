use bytes::Bytes;
use http::{Response, response::Parts};
use http_body_util::BodyExt;
use wasip2::http::types::{ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::StreamError;
use wstd::http::{Body, server::Responder};

/// Bytes of a body that is handed to the host before its head: so small that any host buffers it, and can then answer with one
/// write to the socket. Larger ones follow their head and wait for the client.
const BODY_BYTES_AT_ONCE: usize = 64 * 1024;

/// Answers one request with a router that was built before: a router costs far more to build than a request to serve.
pub fn serve(routes: &axum::Router, request: IncomingRequest, response: ResponseOutparam) {
    wstd::runtime::block_on(async move {
        let answer = match wstd::http::request::try_from_incoming(request) {
            Ok(request) => wstd_axum::serve(request, routes.clone()).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => respond(answer, response).await,
            Err(error) => Responder::new(response).fail(error),
        }
    });
}

/// A client that left in the middle of its answer needs nobody to know.
async fn respond(answer: Response<Body>, response: ResponseOutparam) {
    match answer.body().content_length() {
        Some(length) if length <= BODY_BYTES_AT_ONCE as u64 => {
            let (head, body) = answer.into_parts();
            match body.into_boxed_body().collect().await {
                Ok(body) => ResponseOutparam::set(response, whole(&head, &body.to_bytes())),
                Err(error) => Responder::new(response).fail(error),
            }
        }
        _ => drop(Responder::new(response).respond(answer).await),
    }
}

/// A response whose body is written already, in as few calls of the host as there are.
fn whole(head: &Parts, bytes: &Bytes) -> Result<OutgoingResponse, ErrorCode> {
    let refused = |what: &str| ErrorCode::InternalError(Some(format!("{what} was refused")));
    let entry = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    let entries: Vec<_> = head.headers.iter().map(entry).collect();
    let fields = Fields::from_list(&entries).map_err(|_| refused("a header"))?;
    let response = OutgoingResponse::new(fields);
    response
        .set_status_code(head.status.as_u16())
        .map_err(|()| refused("a status"))?;
    let body = response.body().map_err(|()| refused("a body"))?;
    if !bytes.is_empty() {
        write(&body, bytes).map_err(|_| refused("a part of the body"))?;
    }
    OutgoingBody::finish(body, None)?;
    Ok(response)
}

fn write(body: &OutgoingBody, mut bytes: &[u8]) -> Result<(), StreamError> {
    let stream = body.write().map_err(|()| StreamError::Closed)?;
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
    Ok(())
}
