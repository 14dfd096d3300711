/// A problem document (RFC 9457), fixed at build time.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) body: &'static str,
}

/// Media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Nothing is served at this path.
pub(crate) const NOT_FOUND: Problem = Problem {
    status: 404,
    body: r#"{"type":"urn:dayloom:problem:not-found","title":"Not found","status":404}"#,
};

/// Files can only be read.
pub(crate) const METHOD_NOT_ALLOWED: Problem = Problem {
    status: 405,
    body: r#"{"type":"urn:dayloom:problem:method-not-allowed","title":"Method not allowed","status":405}"#,
};
