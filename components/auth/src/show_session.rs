use axum::response::Response;
use dayloom_domain::Timestamp;
use dayloom_kit::now_ms;
use dayloom_kit::openapi::refusals;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::User;
use crate::answer;
use crate::session::Session;

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct CurrentSession<'a> {
    /// The user.
    user: &'a User,
    /// The session.
    session: SessionDates<'a>,
}

/// A session and how long it lasts.
#[derive(Serialize, ToSchema)]
struct SessionDates<'a> {
    /// UUIDv7; the `sid` of its access tokens.
    id: &'a str,
    /// When the user signed in.
    created_at: Timestamp,
    /// When it was used last, to the hour.
    last_seen_at: Timestamp,
    /// When it ends if it is not used; at most 180 days after the sign-in.
    expires_at: Timestamp,
}

/// Tells who is signed in
///
/// Counts as use of the session, which moves its end.
#[utoipa::path(
    get,
    path = "/api/auth/session",
    tag = "auth",
    security(("session_cookie" = [])),
    responses(
        (status = 200, description = "The user and the session", body = CurrentSession,
            headers(("Set-Cookie" = String, description = "The session, when its end has moved"),
                ("Cache-Control" = String))),
        refusals::OfCredential,
    )
)]
pub(crate) async fn show_session(mut session: Session) -> Response {
    let cookie = session.slide(now_ms());
    let body = CurrentSession {
        user: &session.user,
        session: SessionDates {
            id: &session.id,
            created_at: Timestamp::from_ms(session.created_at),
            last_seen_at: Timestamp::from_ms(session.last_seen_at),
            expires_at: Timestamp::from_ms(session.expires_at),
        },
    };
    answer::private(StatusCode::OK, &body, cookie)
}
