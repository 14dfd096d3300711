use axum::extract::{Path, rejection::PathRejection};
use axum::response::Response;
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Principal, Problem};
use http::{HeaderMap, HeaderValue, header};

use crate::hold::Hold;
use crate::session;

/// Opens a stream of the user's events
///
/// Server-Sent Events, as `EventSource` reads them. Each block is
///
/// - `id: …`, `event: event`, `data: {…}`: a CloudEvents 1.0 event in structured JSON. An event can come twice; drop what
///   has a smaller `sequence` than you have.
/// - `event: reload`, `data: {"type":"reload"}`: what you missed is gone, load your state again.
/// - `:` alone every few seconds: the connection lives.
///
/// A stream ends with the token, with the server, when the client is too slow, and with a cookie after 15 minutes at most.
/// `EventSource` then connects again by itself and gets what it missed.
#[utoipa::path(
    get,
    path = "/api/sse/{user_id}",
    tag = "realtime",
    operation_id = "open_event_stream",
    params(
        ("user_id" = String, Path, description = "The caller's own id"),
        ("Last-Event-ID" = Option<String>, Header, nullable = false, description = "The `id` of the last event the client has"),
    ),
    security(("bearer" = []), ("session_cookie" = [])),
    responses(
        (status = 200, description = "A stream that stays open", body = String, content_type = "text/event-stream"),
        refusals::OfOwner,
    )
)]
pub(crate) async fn sse(path: Result<Path<String>, PathRejection>, headers: HeaderMap) -> Result<Response, Problem> {
    let hold = if headers.contains_key(header::AUTHORIZATION) {
        Hold::of(Principal::of(&headers).await?)
    } else {
        session::hold(&headers).await?
    };
    if !path.is_ok_and(|Path(user_id)| user_id == hold.user_id) {
        return Err(Problem::forbidden());
    }
    let mut answer = hold.answer()?;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}
