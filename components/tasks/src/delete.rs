//! `DELETE /api/{user_id}/tasks/{id}`.

use dayloom_domain::{TaskId, UserId};
use dayloom_kit::{Correlation, IfMatch, Principal, Problem, TaskPath};
use http::StatusCode;

use crate::answer::{ChangeRefusals, Refusals};
use crate::stamp;

/// Deletes a task
///
/// It stays in the audit trail and can be restored from there.
#[utoipa::path(
    delete,
    path = "/api/{user_id}/tasks/{id}",
    tag = "tasks",
    operation_id = "delete_task",
    params(
        ("user_id" = String, Path, description = "The caller's own id"),
        ("id" = TaskId, Path, description = "The task's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant: its `ETag`"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The task is deleted"),
        ChangeRefusals,
        Refusals,
    )
)]
pub(crate) async fn delete(
    principal: Principal,
    TaskPath(id): TaskPath,
    version: IfMatch,
    correlation: Correlation,
) -> Result<StatusCode, Problem> {
    let user_id = UserId::new(principal.user_id);
    dayloom_task_commands::delete(&user_id, id, version, stamp(&correlation))?;
    Ok(StatusCode::NO_CONTENT)
}
