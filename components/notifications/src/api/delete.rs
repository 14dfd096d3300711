use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{Commit, StorageError, Value, expecting};
use dayloom_kit::{Principal, Problem, ProblemDocument};
use http::StatusCode;

use super::notification_path::NotificationPath;
use crate::delivery;

/// Deletes one notification
#[utoipa::path(
    delete,
    path = "/api/{user_id}/notifications/{id}",
    tag = "notifications",
    operation_id = "delete_notification",
    params(
        ("user_id" = String, Path, description = "The caller's own id"),
        ("id" = String, Path, format = "uuid", description = "The notification's id"),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "The user has no such notification", body = ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfOwner,
    )
)]
pub(super) async fn delete(
    principal: Principal,
    NotificationPath(id): NotificationPath,
) -> Result<StatusCode, Problem> {
    let mut commit = Commit::default();
    commit.push(expecting(
        1,
        "DELETE FROM notifications WHERE user_id = $1 AND id = $2",
        vec![Value::from(principal.user_id), Value::from(id.to_string())],
    ));
    commit.push(delivery::delete_all(id));
    match commit.apply() {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(StorageError::Conflict(_)) => Err(Problem::not_found()),
        Err(error) => Err(error.into()),
    }
}
