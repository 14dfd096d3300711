//! `PATCH /api/{user_id}/tasks/{id}/complete`.

use axum::response::Response;
use dayloom_domain::{Task, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Correlation, IfMatch, Principal, Problem, TaskPath};
use http::StatusCode;

use crate::answer::{self, ChangeRefusals};
use crate::{parameters, stamp};

/// Completes a task
///
/// Completing a completed task changes nothing and gives the task. If it recurs, the next occurrence follows within moments.
#[utoipa::path(
    patch,
    path = "/api/{user_id}/tasks/{id}/complete",
    tag = "tasks",
    operation_id = "complete_task",
    params(parameters::TaskPath, parameters::IfMatch),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The completed task", body = Task,
            headers(("ETag" = String, description = "Its version"))),
        ChangeRefusals,
        refusals::OfOwner,
    )
)]
pub(crate) async fn complete(
    principal: Principal,
    TaskPath(id): TaskPath,
    version: IfMatch,
    correlation: Correlation,
) -> Result<Response, Problem> {
    let user_id = UserId::new(principal.user_id);
    let task = dayloom_task_commands::complete(&user_id, id, version, stamp(&correlation))?;
    Ok(answer::task(StatusCode::OK, &task))
}
