use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{Commit, Value, statement};
use dayloom_kit::{Principal, Problem};
use http::StatusCode;

/// Marks all of the user's notifications as read
#[utoipa::path(
    post,
    path = "/api/{user_id}/notifications/read-all",
    tag = "notifications",
    operation_id = "read_all_notifications",
    params(("user_id" = String, Path, description = "The caller's own id")),
    security(("bearer" = [])),
    responses((status = 204, description = "Nothing is unread"), refusals::OfOwner)
)]
pub(super) async fn read_all(principal: Principal) -> Result<StatusCode, Problem> {
    let mut commit = Commit::default();
    commit.push(statement(
        "UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL",
        vec![Value::from(principal.user_id), Value::from(dayloom_kit::now_ms())],
    ));
    commit.apply()?;
    Ok(StatusCode::NO_CONTENT)
}
