//! Answers about one task, and how a change of one may be refused.

use axum::response::{IntoResponse, Response};
use dayloom_domain::Task;
use dayloom_kit::ProblemDocument;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa::IntoResponses;

/// For its owner only, and to be asked for again each time: another device may have changed it.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, no-cache");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The task with its version.
pub(crate) fn task(status: StatusCode, task: &Task) -> Response {
    json(status, task.sequence, to_json(task))
}

/// A task that is JSON text already.
pub(crate) fn json(status: StatusCode, sequence: u64, body: String) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    tag(headers, sequence);
    response
}

/// The task as its JSON text.
pub(crate) fn to_json(task: &Task) -> String {
    serde_json::to_string(task).expect("a task has string keys and values that serialise")
}

/// `304`: the client has the present version.
pub(crate) fn not_modified(sequence: u64) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    tag(response.headers_mut(), sequence);
    response
}

fn tag(headers: &mut HeaderMap, sequence: u64) {
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    let tag = HeaderValue::try_from(format!("\"{sequence}\"")).expect("a number in quotes is a header value");
    headers.insert(header::ETAG, tag);
}

/// What a change of one task may answer about the task.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that Problem makes")]
pub(crate) enum ChangeRefusals {
    /// The user has no such task
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// Others are changing the task right now; the same request may succeed
    #[response(status = 409, content_type = "application/problem+json")]
    Contended(ProblemDocument),
    /// The task is not at the version that `If-Match` names
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(ProblemDocument),
}
