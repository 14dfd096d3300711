use axum::response::Response;
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Problem, now_ms};
use http::StatusCode;

use crate::access_token::{self, AccessToken};
use crate::session::Session;
use crate::{answer, problems};

/// Gives a fresh access token
///
/// For the session of the cookie. Counts as use of the session, which moves its end.
#[utoipa::path(
    post,
    path = "/api/auth/token",
    tag = "auth",
    security(("session_cookie" = [])),
    responses(
        (status = 200, description = "An access token", body = AccessToken,
            headers(("Set-Cookie" = String, description = "The session, when its end has moved"),
                ("Cache-Control" = String))),
        refusals::OfCredential,
        problems::OriginProblem,
    )
)]
pub(crate) async fn issue_token(mut session: Session) -> Result<Response, Problem> {
    let now_ms = now_ms();
    let cookie = session.slide(now_ms);
    let token = access_token::issue(&session, now_ms)?;
    Ok(answer::private(StatusCode::OK, &token, cookie))
}
