use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use dayloom_kit::Problem;
use dayloom_kit::openapi::refusals;

use crate::session::Session;
use crate::{answer, cookie, problems, session_store};

/// Ends one of the user's sessions
///
/// Its access tokens end within a second. Ending the session that asks is signing out.
#[utoipa::path(
    delete,
    path = "/api/auth/sessions/{id}",
    tag = "auth",
    params(("id" = String, Path, description = "The session's id, from the list", format = "uuid")),
    security(("session_cookie" = [])),
    responses(
        (status = 204, description = "It has ended",
            headers(("Set-Cookie" = String, description = "Forgets the session, if it is the one that asked"),
                ("Cache-Control" = String))),
        (status = 404, description = "The user has no such session", body = dayloom_kit::ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfCredential,
        problems::OriginProblem,
    )
)]
pub(crate) async fn end_session(
    session: Session,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found())?;
    if !session_store::end_now(&id, &session.user.id)? {
        return Err(Problem::not_found());
    }
    Ok(answer::nothing((id == session.id).then(cookie::forgotten)))
}
