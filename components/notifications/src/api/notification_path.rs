use axum::extract::{FromRequestParts, RawPathParams};
use dayloom_domain::NotificationId;
use dayloom_kit::Problem;
use http::request::Parts;

/// The `{id}` of a path, a notification's.
///
/// # Errors
/// `404` for anything else: no notification has such an id.
pub(super) struct NotificationPath(pub(super) NotificationId);

impl<S: Send + Sync> FromRequestParts<S> for NotificationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        params
            .iter()
            .find(|(name, _)| *name == "id")
            .and_then(|(_, id)| id.parse().ok())
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}
