//! The refusals that many routes share, for the API document.
#![expect(dead_code, reason = "the variants describe answers; `Problem` makes them")]

use dayloom_kit::ProblemDocument;
use utoipa::IntoResponses;

/// Refusals of every route that belongs to a user.
#[derive(IntoResponses)]
pub(super) enum OwnerProblems {
    /// No valid access token
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String)))]
    Unauthorized(ProblemDocument),
    /// Another user's path
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// Not now
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds"))
    )]
    Unavailable(ProblemDocument),
}

/// Refusals of every route that takes a body.
#[derive(IntoResponses)]
pub(super) enum BodyProblems {
    /// Not JSON, or not UTF-8
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemDocument),
    /// Over 1 MiB
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// Not `application/json`
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemDocument),
    /// A member is wrong, missing or unknown
    #[response(status = 422, content_type = "application/problem+json")]
    Validation(ProblemDocument),
}

/// Refusal of every route that is about one notification.
#[derive(IntoResponses)]
pub(super) enum NotificationProblems {
    /// The user has no such notification
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
}
