use axum::response::Response;
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Problem, now_ms};

use crate::session::SessionCookie;
use crate::{answer, cookie, problems, session_store};

/// Signs out
///
/// Ends the session of the cookie and, within a second, its access tokens. Without a session there is nothing to do, and
/// that is no error: signing out twice is signing out.
#[utoipa::path(
    post,
    path = "/api/auth/sign-out",
    tag = "auth",
    security((), ("session_cookie" = [])),
    responses(
        (status = 204, description = "Nobody is signed in any more",
            headers(("Set-Cookie" = String, description = "Forgets the session"), ("Cache-Control" = String))),
        problems::OriginProblem,
        refusals::OfStore,
    )
)]
pub(crate) async fn sign_out(SessionCookie(secret): SessionCookie) -> Result<Response, Problem> {
    if let Some(secret) = secret
        && let Some(session) = session_store::find(secret, now_ms())?
    {
        session_store::end_now(&session.id, &session.user.id)?;
    }
    Ok(answer::nothing(Some(cookie::forgotten())))
}
