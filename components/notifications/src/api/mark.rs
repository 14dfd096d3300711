use axum::Json;
use dayloom_domain::Timestamp;
use dayloom_domain::event::Notification;
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{Commit, StorageError, Value, expecting};
use dayloom_kit::{Principal, Problem, ProblemDocument};
use serde::Deserialize;
use utoipa::ToSchema;

use super::notification_path::NotificationPath;
use crate::row;

/// What can be changed of a notification.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationChange {
    /// Whether the user has read it.
    read: bool,
}

/// Marks one notification as read or unread
///
/// The time of the first reading stays until it is marked as unread.
#[utoipa::path(
    patch,
    path = "/api/{user_id}/notifications/{id}",
    tag = "notifications",
    operation_id = "mark_notification",
    params(
        ("user_id" = String, Path, description = "The caller's own id"),
        ("id" = String, Path, format = "uuid", description = "The notification's id"),
    ),
    request_body = NotificationChange,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The notification after the change", body = Notification),
        refusals::OfOwner,
        (status = 404, description = "The user has no such notification", body = ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfBody,
    )
)]
pub(super) async fn mark(
    principal: Principal,
    NotificationPath(id): NotificationPath,
    dayloom_kit::Json(change): dayloom_kit::Json<NotificationChange>,
) -> Result<Json<Notification>, Problem> {
    let mut notification = row::find(&principal.user_id, id)?.ok_or_else(Problem::not_found)?;
    if notification.read_at.is_some() == change.read {
        return Ok(Json(notification));
    }
    notification.read_at = change.read.then(dayloom_kit::now);
    let mut commit = Commit::default();
    commit.push(expecting(
        1,
        "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND id = $2",
        vec![
            Value::from(principal.user_id),
            Value::from(id.to_string()),
            Value::from(notification.read_at.map(Timestamp::as_ms)),
        ],
    ));
    match commit.apply() {
        Ok(_) => Ok(Json(notification)),
        // Deleted in between.
        Err(StorageError::Conflict(_)) => Err(Problem::not_found()),
        Err(error) => Err(error.into()),
    }
}
