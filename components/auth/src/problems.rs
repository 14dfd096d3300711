//! The problem documents of the API document, in the groups in which they occur.

use std::collections::BTreeMap;

use dayloom_kit::{PROBLEM_JSON, ProblemDocument};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoResponses, ToSchema};

/// What a request with a JSON body can meet.
pub(crate) struct OfBody;

/// What a request by cookie that changes nothing can meet.
pub(crate) struct OfSession;

/// What a request by cookie that changes something can meet.
pub(crate) struct OfChange;

/// What a request that counts attempts can meet.
pub(crate) struct OfAttempt;

/// What any request that needs the store can meet.
pub(crate) struct OfStore;

impl IntoResponses for OfBody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        group([
            problem(400, "The body is not JSON in UTF-8", None),
            problem(413, "The body is larger than 1 MiB", None),
            problem(415, "The body is not `application/json` in UTF-8", None),
            problem(422, "A member is missing, unknown or wrong", None),
        ])
    }
}

impl IntoResponses for OfSession {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        group([problem(
            401,
            "Nobody is signed in",
            Some(("WWW-Authenticate", "`Bearer`")),
        )])
    }
}

impl IntoResponses for OfChange {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let origin = problem(
            403,
            "The request does not prove by its `Origin` that it comes from this application",
            None,
        );
        OfSession::responses().into_iter().chain(group([origin])).collect()
    }
}

impl IntoResponses for OfAttempt {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        group([
            problem(403, "The request comes from a page of another origin", None),
            problem(
                429,
                "Too many attempts",
                Some(("Retry-After", "Seconds until attempts count anew")),
            ),
        ])
    }
}

impl IntoResponses for OfStore {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        group([problem(503, "Not now", Some(("Retry-After", "Seconds")))])
    }
}

fn group<const N: usize>(problems: [(u16, Response); N]) -> BTreeMap<String, RefOr<Response>> {
    problems
        .into_iter()
        .map(|(status, response)| (status.to_string(), RefOr::T(response)))
        .collect()
}

fn problem(status: u16, description: &str, header: Option<(&str, &str)>) -> (u16, Response) {
    let schema = Ref::from_schema_name(ProblemDocument::name());
    let mut response = ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, ContentBuilder::new().schema(Some(schema)).build());
    if let Some((name, description)) = header {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let header = HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(description))
            .build();
        response = response.header(name, header);
    }
    (status, response.build())
}
