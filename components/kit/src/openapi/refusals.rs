//! The refusals that many routes share, for the API document: each is described once, from the problem document that
//! [`Problem`] makes, and routes refer to it. Name the sets in a route's `responses(…)`.

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use http::{HeaderName, header};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoResponses, ToSchema};

use crate::BODY_BYTES_MAX;
use crate::problem::{PROBLEM_JSON, Problem, ProblemDocument};

/// How long the example of a refused attempt says to wait.
const EXAMPLE_RETRY_AFTER_SECONDS: u32 = 540;

/// One way to be refused.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Malformed,
    Unauthorized,
    Forbidden,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    Unavailable,
}

/// Refusals of a route that belongs to a user: `401`, `403`, `503`.
#[derive(Debug)]
pub struct OfOwner;

/// Refusals of a route that somebody signed in may use: `401`, `503`.
#[derive(Debug)]
pub struct OfCredential;

/// Refusals of a JSON body: `400`, `413`, `415`, `422`.
#[derive(Debug)]
pub struct OfBody;

/// Refusal of parameters: `422`.
#[derive(Debug)]
pub struct OfParameters;

/// Refusal of who tries too often: `429`.
#[derive(Debug)]
pub struct OfAttempts;

/// Refusal of a route that needs the store: `503`.
#[derive(Debug)]
pub struct OfStore;

/// Gives each set its refusals.
macro_rules! sets {
    ($($set:ident: $($refusal:ident)+;)+) => {$(
        impl IntoResponses for $set {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(Refusal::$refusal),+].map(Refusal::reference).into()
            }
        }
    )+};
}

sets! {
    OfOwner: Unauthorized Forbidden Unavailable;
    OfCredential: Unauthorized Unavailable;
    OfBody: Malformed TooLarge UnsupportedMediaType Invalid;
    OfParameters: Invalid;
    OfAttempts: TooManyRequests;
    OfStore: Unavailable;
}

/// All of them by name, for the document's `components`.
pub(super) fn all() -> impl Iterator<Item = (String, RefOr<Response>)> {
    Refusal::ALL
        .into_iter()
        .map(|it| (format!("{it:?}"), RefOr::T(it.response())))
}

impl Refusal {
    const ALL: [Self; 8] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::TooManyRequests,
        Self::Unavailable,
    ];

    const fn description(self) -> &'static str {
        match self {
            Self::Malformed => "The body is not JSON in UTF-8, or ended early",
            Self::Unauthorized => "No valid credential",
            Self::Forbidden => "Another user's path; says nothing of whether there is such a thing",
            Self::TooLarge => "The body has more than 1 MiB",
            Self::UnsupportedMediaType => "The body is not announced as JSON in UTF-8",
            Self::Invalid => "Values are wrong, missing or unknown; `errors` says which",
            Self::TooManyRequests => "Too many attempts",
            Self::Unavailable => "Not now; the same request may succeed",
        }
    }

    /// An occurrence.
    fn example(self) -> Problem {
        match self {
            Self::Malformed => Problem::malformed("The body is not UTF-8 at byte 17."),
            Self::Unauthorized => Problem::unauthorized(),
            Self::Forbidden => Problem::forbidden(),
            Self::TooLarge => Problem::too_large(BODY_BYTES_MAX),
            Self::UnsupportedMediaType => Problem::unsupported_media_type(),
            Self::Invalid => Problem::invalid("#/title", "must not be empty"),
            Self::TooManyRequests => Problem::too_many_requests(EXAMPLE_RETRY_AFTER_SECONDS),
            Self::Unavailable => Problem::unavailable(),
        }
    }

    /// Its place in a route's responses.
    fn reference(self) -> (String, RefOr<Response>) {
        let reference = Ref::from_response_name(format!("{self:?}"));
        (self.example().status().as_str().to_owned(), RefOr::Ref(reference))
    }

    fn response(self) -> Response {
        let example = self.example();
        let document = serde_json::to_value(example.document()).expect("a problem document is plain JSON");
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ProblemDocument::name())))
            .example(Some(document))
            .build();
        let answer = example.into_response();
        [header::WWW_AUTHENTICATE, header::RETRY_AFTER]
            .into_iter()
            .filter(|name| answer.headers().contains_key(name))
            .fold(ResponseBuilder::new(), |response, name| {
                response.header(capitalised(&name), described(&name))
            })
            .description(self.description())
            .content(PROBLEM_JSON, content)
            .build()
    }
}

fn capitalised(name: &HeaderName) -> &'static str {
    if name == header::RETRY_AFTER {
        "Retry-After"
    } else {
        "WWW-Authenticate"
    }
}

fn described(name: &HeaderName) -> Header {
    let (schema, description) = if name == header::RETRY_AFTER {
        (
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
            "Seconds after which it is worth trying again",
        )
    } else {
        (ObjectBuilder::new().schema_type(Type::String), "`Bearer`")
    };
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

#[cfg(test)]
mod tests {
    use utoipa::IntoResponses;

    use super::{OfBody, OfOwner, Refusal};

    #[test]
    fn routes_refer_to_what_the_components_describe() {
        let json = serde_json::to_value(OfOwner::responses()).unwrap();
        assert_eq!(json["401"]["$ref"], "#/components/responses/Unauthorized");
        assert_eq!(
            OfBody::responses().into_keys().collect::<Vec<_>>(),
            ["400", "413", "415", "422"]
        );
    }

    #[test]
    fn a_description_comes_from_the_answer_itself() {
        let json = serde_json::to_value(Refusal::Unavailable.response()).unwrap();
        assert_eq!(json["headers"]["Retry-After"]["schema"]["type"], "integer");
        let content = &json["content"]["application/problem+json"];
        assert_eq!(content["schema"]["$ref"], "#/components/schemas/ProblemDocument");
        assert_eq!(content["example"]["type"], "urn:dayloom:problem:unavailable");
        assert_eq!(content["example"]["status"], 503);
    }
}
