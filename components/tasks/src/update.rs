//! `PATCH /api/{user_id}/tasks/{id}`.

use axum::response::Response;
use dayloom_domain::{Task, TaskPatch, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Correlation, IfMatch, Principal, Problem, TaskPath};
use http::StatusCode;

use crate::answer::{self, ChangeRefusals};
use crate::merge_patch::MergePatch;
use crate::{parameters, stamp};

/// Changes a task
///
/// A JSON merge patch (RFC 7396): what is absent stays, null clears, a list replaces the list. Without `If-Match` the change is
/// made on the present version, whatever it is; no change is ever lost.
#[utoipa::path(
    patch,
    path = "/api/{user_id}/tasks/{id}",
    tag = "tasks",
    operation_id = "update_task",
    params(parameters::TaskPath, parameters::IfMatch),
    security(("bearer" = [])),
    request_body(content(
        (TaskPatch = "application/merge-patch+json", example = json!({ "title": "Call Ana back", "due_date": null })),
        (TaskPatch = "application/json", example = json!({ "status": "in_progress" })),
    )),
    responses(
        (status = 200, description = "The task as it is now", body = Task,
            headers(("ETag" = String, description = "Its version"))),
        ChangeRefusals,
        refusals::OfBody,
        refusals::OfOwner,
    )
)]
pub(crate) async fn update(
    principal: Principal,
    TaskPath(id): TaskPath,
    version: IfMatch,
    correlation: Correlation,
    MergePatch(patch): MergePatch<TaskPatch>,
) -> Result<Response, Problem> {
    let user_id = UserId::new(principal.user_id);
    let task = dayloom_task_commands::update(&user_id, id, &patch, version, stamp(&correlation))?;
    Ok(answer::task(StatusCode::OK, &task))
}
