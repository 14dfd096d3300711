//! `DELETE /api/{user_id}/tasks/{id}`.

use dayloom_domain::UserId;
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Correlation, IfMatch, Principal, Problem, TaskPath};
use http::StatusCode;

use crate::answer::ChangeRefusals;
use crate::{parameters, stamp};

/// Deletes a task
///
/// It stays in the audit trail and can be restored from there.
#[utoipa::path(
    delete,
    path = "/api/{user_id}/tasks/{id}",
    tag = "tasks",
    operation_id = "delete_task",
    params(parameters::TaskPath, parameters::IfMatch),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "The task is deleted"),
        ChangeRefusals,
        refusals::OfOwner,
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
