//! What a deleted task was, as the audit service has it on record.

use std::time::Duration;

use dayloom_domain::event::EventType;
use dayloom_domain::{Task, TaskId, UserId};
use dayloom_kit::{Problem, service_url};
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::value::RawValue;
use wstd::http::Client;

/// Waits before each look. The trail follows within milliseconds; a client that undoes a deletion should not notice, and who
/// waits longer than all of them together (300 ms) is better told to come again.
const WAITS_MS: [u64; 5] = [0, 20, 50, 90, 140];
/// How long the audit service may take for one answer; it reads one row by its index.
const ANSWER_SECONDS_MAX: u64 = 5;
/// Bytes of an answer at most: one event's body, twice over.
const ANSWER_BYTES_MAX: usize = 512 * 1024;

/// Why the record can not be had now.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error("no answer: {0}")]
    Http(#[from] wstd::http::Error),
    #[error("status {0}")]
    Status(http::StatusCode),
    #[error("answer of more than {ANSWER_BYTES_MAX} bytes, or cut off: {0}")]
    Body(#[from] Box<dyn std::error::Error + Send + Sync>),
    #[error("unreadable answer: {0}")]
    Json(#[from] serde_json::Error),
}

/// The task as its deletion at version `sequence` recorded it.
///
/// # Errors
/// `503` if the trail does not have that deletion yet, or can not be read.
pub(crate) async fn fetch(user_id: &UserId, id: TaskId, sequence: u64, headers: &HeaderMap) -> Result<Task, Problem> {
    for wait_ms in WAITS_MS {
        if wait_ms > 0 {
            wstd::task::sleep(Duration::from_millis(wait_ms).into()).await;
        }
        match latest(user_id, id, headers).await {
            Ok(Some(task)) if task.sequence == sequence && task.id == id && task.user_id == *user_id => {
                return Ok(task);
            }
            // An earlier deletion of a task that was restored since: the latest is still on its way.
            Ok(_) => {}
            Err(error) => {
                eprintln!("the audit trail can not be read: {error}");
                return Err(Problem::unavailable());
            }
        }
    }
    Err(Problem::unavailable().with_detail("The audit trail does not have the deletion yet."))
}

/// The payload of the latest deletion in the trail.
async fn latest(user_id: &UserId, id: TaskId, headers: &HeaderMap) -> Result<Option<Task>, RecordError> {
    let mut request = Request::get(format!(
        "{}/api/{user_id}/audit-logs?task_id={id}&type={}&limit=1",
        service_url("audit"),
        EventType::TaskDeleted
    ));
    // The caller's own token: the trail is theirs, and this service has no rights of its own.
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = request.body(dayloom_kit::no_body()).map_err(wstd::http::Error::from)?;
    let mut client = Client::new();
    client.set_first_byte_timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
    let response = client.send(request).await?;
    if !response.status().is_success() {
        return Err(RecordError::Status(response.status()));
    }
    let body = Limited::new(response.into_body().into_boxed_body(), ANSWER_BYTES_MAX);
    Ok(payload(&body.collect().await?.to_bytes())?)
}

fn payload(page: &[u8]) -> Result<Option<Task>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        items: Vec<Entry<'a>>,
    }
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    let page: Page = serde_json::from_slice(page)?;
    page.items
        .first()
        .map(|entry| serde_json::from_str(entry.payload.get()))
        .transpose()
}
