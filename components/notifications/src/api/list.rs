use axum::Json;
use dayloom_domain::NotificationId;
use dayloom_domain::event::Notification;
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{self, Value};
use dayloom_kit::{Principal, Problem, Query, cursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::row::{self, select_notifications};

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// True for only what is unread, false for only what is read.
    unread: Option<bool>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// Notifications on the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationPage {
    /// Newest first.
    items: Vec<Notification>,
    /// For the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists the user's notifications
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/{user_id}/notifications",
    tag = "notifications",
    operation_id = "list_notifications",
    params(("user_id" = String, Path, description = "The caller's own id"), Filter),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of notifications", body = NotificationPage),
        refusals::OfParameters,
        refusals::OfOwner,
    )
)]
pub(super) async fn list(
    principal: Principal,
    Query(filter): Query<Filter>,
) -> Result<Json<NotificationPage>, Problem> {
    let limit = cursor::page_limit(filter.limit)?;
    let after = filter
        .cursor
        .as_deref()
        .map(cursor::decode::<NotificationId>)
        .transpose()?;
    let sql = select(filter.unread, after.is_some());
    let mut params = vec![Value::from(principal.user_id), Value::from(limit as i64 + 1)];
    params.extend(after.map(|id| Value::from(id.to_string())));
    let mut items = storage::query(sql, &params)?
        .into_iter()
        .map(row::read)
        .collect::<Result<Vec<_>, _>>()?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor::encode(&last.id));
    Ok(Json(NotificationPage { items, next_cursor }))
}

/// Ids are UUIDv7: their order is that of creation, and that of the primary key.
const fn select(unread: Option<bool>, is_continued: bool) -> &'static str {
    match (unread, is_continued) {
        (None, false) => select_notifications!(" ORDER BY id DESC LIMIT $2"),
        (None, true) => select_notifications!(" AND id < $3 ORDER BY id DESC LIMIT $2"),
        (Some(true), false) => select_notifications!(" AND read_at IS NULL ORDER BY id DESC LIMIT $2"),
        (Some(true), true) => select_notifications!(" AND read_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $2"),
        (Some(false), false) => select_notifications!(" AND read_at IS NOT NULL ORDER BY id DESC LIMIT $2"),
        (Some(false), true) => select_notifications!(" AND read_at IS NOT NULL AND id < $3 ORDER BY id DESC LIMIT $2"),
    }
}
