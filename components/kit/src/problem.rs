use axum::response::{IntoResponse, Response};
use dayloom_domain::TaskError;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::storage::StorageError;

/// Media type of a problem document (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// How long a client should wait when storage is away: long enough for a fail-over, short enough to go unnoticed.
const RETRY_AFTER_UNAVAILABLE_SECONDS: u32 = 2;

/// What is wrong with one member of the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON pointer into the body as a URI fragment (RFC 6901 §6), or `?name` for a query parameter.
    pub pointer: String,
    /// What, for a person.
    pub detail: String,
}

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// A URN that names the kind of problem and never changes, such as `urn:dayloom:problem:validation`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words; the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// The members that are wrong, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// Why a request was not served; becomes a problem document.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, title: &'static str) -> Self {
        Self {
            status,
            name,
            title,
            detail: None,
            errors: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// `400`: the request is not what HTTP or JSON allow.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Malformed request").with_detail(detail)
    }

    /// `401`: no valid credential. Says nothing of why, for that would help a guesser.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in first")
    }

    /// `403`: a valid credential, but not for this. Tells nothing of whether the thing exists.
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not yours")
    }

    /// `404`.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found")
    }

    /// `405`. The router adds `Allow`.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
        )
    }

    /// `409`: the thing's present state forbids it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Conflict").with_detail(detail)
    }

    /// `412`: somebody else changed it first.
    pub fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition-failed",
            "Changed meanwhile",
        )
        .with_detail("The If-Match header does not name the present version; read it again and repeat the change.")
    }

    /// `413`.
    pub fn too_large(bytes_max: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Request body too large")
            .with_detail(format!("A body may have at most {bytes_max} bytes."))
    }

    /// `415`.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Unsupported media type",
        )
        .with_detail("Send JSON with Content-Type: application/json, in UTF-8.")
    }

    /// `422`: understood, and wrong in these members.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation", "Invalid values");
        problem.errors = errors;
        problem
    }

    /// `422` for one member.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::validation(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// `429`, with the time after which it is worth trying again.
    pub fn too_many_requests(retry_after_seconds: u32) -> Self {
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests");
        problem.retry_after_seconds = Some(retry_after_seconds);
        problem
    }

    /// `500`: a bug; its text is in the log, never here.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something is broken here",
        )
    }

    /// `503`: nothing wrong with the request; not now.
    pub fn unavailable() -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again soon");
        problem.retry_after_seconds = Some(RETRY_AFTER_UNAVAILABLE_SECONDS);
        problem
    }

    /// The same with a text for this occurrence.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// What the client gets to read.
    pub(crate) fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("urn:dayloom:problem:{}", self.name),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
        }
    }

    /// The HTTP status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

/// Storage's errors as a client may see them. A conflict that no caller translated is a race it lost.
impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict(_) => Problem::conflict("Somebody else changed this at the same moment; try again."),
            StorageError::Invalid(text) => {
                eprintln!("storage refused a statement: {text}");
                Problem::internal()
            }
            StorageError::TooLarge(text) => {
                eprintln!("storage limit: {text}");
                Problem::internal()
            }
            StorageError::Unavailable(text) => {
                eprintln!("storage is away: {text}");
                Problem::unavailable()
            }
        }
    }
}

/// The domain's refusals as a client sees them.
impl From<TaskError> for Problem {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Invalid(violation) => Problem::invalid(format!("#{}", violation.pointer), violation.detail),
            TaskError::Stale { .. } => Problem::precondition_failed(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).expect("a problem document is plain strings and numbers");
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
