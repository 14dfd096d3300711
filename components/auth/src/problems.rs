//! The refusals that many routes share, for the API document.
#![expect(dead_code, reason = "the variants describe answers; `Problem` makes them")]

use dayloom_kit::ProblemDocument;
use utoipa::IntoResponses;

/// Refusals of every route with a JSON body.
#[derive(IntoResponses)]
pub(crate) enum BodyProblems {
    /// Not JSON, or not UTF-8
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemDocument),
    /// Over 1 MiB
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// Not `application/json` in UTF-8
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemDocument),
    /// A member is missing, unknown or wrong
    #[response(status = 422, content_type = "application/problem+json")]
    Validation(ProblemDocument),
}

/// Refusals of every route whose attempts are counted.
#[derive(IntoResponses)]
pub(crate) enum AttemptProblems {
    /// From a page of another origin
    #[response(status = 403, content_type = "application/problem+json")]
    Foreign(ProblemDocument),
    /// Too many attempts
    #[response(
        status = 429,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds until attempts count anew"))
    )]
    TooMany(ProblemDocument),
}

/// Refusal of every route that needs a session.
#[derive(IntoResponses)]
pub(crate) enum SessionProblems {
    /// Nobody is signed in
    #[response(status = 401, content_type = "application/problem+json", headers(("WWW-Authenticate" = String)))]
    Unauthorized(ProblemDocument),
}

/// Refusal of every route that a cookie lets change something.
#[derive(IntoResponses)]
pub(crate) enum OriginProblems {
    /// Without an `Origin` of this application
    #[response(status = 403, content_type = "application/problem+json")]
    NotOwn(ProblemDocument),
}

/// Refusal of every route that needs the store.
#[derive(IntoResponses)]
pub(crate) enum StoreProblems {
    /// Not now
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds"))
    )]
    Unavailable(ProblemDocument),
}
