//! `POST /api/{user_id}/tasks/{id}/restore`.

use axum::response::Response;
use dayloom_domain::{Task, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Correlation, Principal, Problem, ProblemDocument, TaskPath};
use dayloom_task_commands::deleted_sequence;
use http::{HeaderMap, StatusCode};

use crate::{answer, deletion_record, parameters, stamp};

/// Restores a deleted task
///
/// From the audit trail: the same task with the same id and a later version, as it was when it was deleted.
#[utoipa::path(
    post,
    path = "/api/{user_id}/tasks/{id}/restore",
    tag = "tasks",
    operation_id = "restore_task",
    params(parameters::TaskPath),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The task is back", body = Task,
            headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "The user never had such a task", body = ProblemDocument,
            content_type = "application/problem+json"),
        (status = 409, description = "The task is not deleted, or another occurrence has taken its place",
            body = ProblemDocument, content_type = "application/problem+json"),
        refusals::OfOwner,
    )
)]
pub(crate) async fn restore(
    principal: Principal,
    TaskPath(id): TaskPath,
    correlation: Correlation,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user_id = UserId::new(principal.user_id);
    let sequence = deleted_sequence(&user_id, id)?;
    let snapshot = deletion_record::fetch(&user_id, id, sequence, &headers).await?;
    let task = dayloom_task_commands::restore(snapshot, stamp(&correlation))?;
    Ok(answer::task(StatusCode::OK, &task))
}
