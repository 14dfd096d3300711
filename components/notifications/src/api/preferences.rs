use axum::Json;
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::Commit;
use dayloom_kit::{Principal, Problem};

use crate::preferences::Preferences;

/// Tells how the user wants to be reached
///
/// A user who never chose has the in-app channel on and no quiet hours.
#[utoipa::path(
    get,
    path = "/api/{user_id}/notifications/preferences",
    tag = "notifications",
    operation_id = "get_notification_preferences",
    params(("user_id" = String, Path, description = "The caller's own id")),
    security(("bearer" = [])),
    responses((status = 200, description = "The preferences", body = Preferences), refusals::OfOwner)
)]
pub(super) async fn get(principal: Principal) -> Result<Json<Preferences>, Problem> {
    Ok(Json(Preferences::of(&principal.user_id)?))
}

/// Replaces how the user wants to be reached
///
/// In quiet hours a notification is still listed in the application; channels that make a noise wait until they are over.
/// What was made before keeps the way it was made.
#[utoipa::path(
    put,
    path = "/api/{user_id}/notifications/preferences",
    tag = "notifications",
    operation_id = "put_notification_preferences",
    params(("user_id" = String, Path, description = "The caller's own id")),
    request_body = Preferences,
    security(("bearer" = [])),
    responses((status = 200, description = "The preferences as they are now", body = Preferences), refusals::OfOwner, refusals::OfBody)
)]
pub(super) async fn put(
    principal: Principal,
    dayloom_kit::Json(preferences): dayloom_kit::Json<Preferences>,
) -> Result<Json<Preferences>, Problem> {
    preferences.check()?;
    let mut commit = Commit::default();
    commit.push(preferences.store(&principal.user_id));
    commit.apply()?;
    Ok(Json(preferences))
}
