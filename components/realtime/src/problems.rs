//! The refusals that both routes share, for the API document.
#![expect(dead_code, reason = "the variants describe answers; `Problem` makes them")]

use dayloom_kit::ProblemDocument;
use utoipa::IntoResponses;

/// Refusals of every live connection.
#[derive(IntoResponses)]
pub(crate) enum LiveProblems {
    /// No valid credential
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String)))]
    Unauthorized(ProblemDocument),
    /// As many connections as there may be, or nobody can judge the credential now
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds"))
    )]
    Unavailable(ProblemDocument),
}
