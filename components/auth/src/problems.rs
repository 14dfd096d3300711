//! The refusals that several routes of this service share, for the API document.
#![expect(dead_code, reason = "the variants describe answers; `Problem` makes them")]

use dayloom_kit::ProblemDocument;
use utoipa::IntoResponses;

/// Refusal of every route that lets somebody in.
#[derive(IntoResponses)]
pub(crate) enum ForeignProblem {
    /// From a page of another origin
    #[response(status = 403, content_type = "application/problem+json")]
    Foreign(ProblemDocument),
}

/// Refusal of every route that a cookie lets change something.
#[derive(IntoResponses)]
pub(crate) enum OriginProblem {
    /// Without an `Origin` of this application
    #[response(status = 403, content_type = "application/problem+json")]
    NotOwn(ProblemDocument),
}
