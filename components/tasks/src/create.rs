//! `POST /api/{user_id}/tasks`.

use axum::response::Response;
use dayloom_domain::{Task, TaskDraft, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Correlation, Json, Principal, Problem, ProblemDocument};
use dayloom_task_commands::creation;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::idempotency::{IdempotencyKey, Request, Settled};
use crate::{answer, parameters, stamp};

/// Says that the answer is that of an earlier request with the same key.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Creates a task
///
/// With an `Idempotency-Key`, sending the same request again within a day gives the first answer again and creates nothing.
#[utoipa::path(
    post,
    path = "/api/{user_id}/tasks",
    tag = "tasks",
    operation_id = "create_task",
    params(parameters::TasksPath, IdempotencyKey),
    security(("bearer" = [])),
    request_body(content = TaskDraft, example = json!({ "title": "Call Ana", "due_date": "2026-11-21", "priority": "high" })),
    responses(
        (status = 201, description = "The task", body = Task, headers(
            ("Location" = String, description = "Where the task is"),
            ("ETag" = String, description = "Its version"),
            ("Idempotent-Replayed" = String, description = "`true` if the answer is that of an earlier request"),
        )),
        (status = 409, description = "Another request got in the way; the same request may succeed", body = ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfBody,
        refusals::OfOwner,
    )
)]
pub(crate) async fn create(
    principal: Principal,
    IdempotencyKey(key): IdempotencyKey,
    correlation: Correlation,
    Json(draft): Json<TaskDraft>,
) -> Result<Response, Problem> {
    let user_id = UserId::new(principal.user_id);
    let request = key.map(|key| Request::new(&user_id, key, &draft));
    match (creation(draft, user_id.clone(), None, stamp(&correlation)), request) {
        (Ok(creation), None) => {
            creation.commit.apply()?;
            Ok(created(&user_id, &creation.task, answer::to_json(&creation.task)))
        }
        (Ok(creation), Some(request)) => {
            let body = answer::to_json(&creation.task);
            match request.settle(creation.commit, creation.task.id, &body)? {
                Settled::Now => Ok(created(&user_id, &creation.task, body)),
                Settled::Before { task_id, answer } => Ok(replayed(&user_id, &task_id, answer)),
            }
        }
        (Err(refusal), None) => Err(refusal.into()),
        // What was right the first time may be wrong by now, such as a reminder that has passed.
        (Err(refusal), Some(request)) => match request.earlier()? {
            Some((task_id, answer)) => Ok(replayed(&user_id, &task_id, answer)),
            None => Err(refusal.into()),
        },
    }
}

fn created(user_id: &UserId, task: &Task, body: String) -> Response {
    at(user_id, &task.id.to_string(), body)
}

fn replayed(user_id: &UserId, task_id: &str, answer: String) -> Response {
    let mut response = at(user_id, task_id, answer);
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn at(user_id: &UserId, task_id: &str, body: String) -> Response {
    // The version of a task that was just created.
    let mut response = answer::json(StatusCode::CREATED, 1, body);
    if let Ok(location) = HeaderValue::try_from(format!("/api/{user_id}/tasks/{task_id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
