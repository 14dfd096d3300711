//! Errors of the host itself as RFC 9457 problem documents. Components write their own.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::Full;

use crate::runtime::CallError;

/// What the host answers when no component does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Problem {
    status: StatusCode,
    detail: &'static str,
    retry_after: Option<Duration>,
}

/// Whether what was asked for has happened nobody knows: an `Idempotency-Key` makes asking again safe.
const NOT_IN_TIME: &str = "the service did not answer in time";
/// What a client that found no room should wait: a queue that is full now is mostly empty a second later.
const RETRY_AFTER_BUSY: Duration = Duration::from_secs(1);
/// What a client that found all live connections taken should wait.
const RETRY_AFTER_LIVE: Duration = Duration::from_secs(5);

impl Problem {
    pub(super) const NO_ROUTE: Self = Self::new(StatusCode::NOT_FOUND, "nothing is served at this path");
    pub(super) const BODY_TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is over the limit");
    pub(super) const BODY_TOO_SLOW: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "the request's body did not arrive in time");
    pub(super) const BODY_BROKEN: Self = Self::new(StatusCode::BAD_REQUEST, "the request's body ended early");
    pub(super) const HEAD_TOO_LARGE: Self = Self::new(
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        "the request's head is over the limit",
    );
    pub(super) const UPLOADS_BUSY: Self = Self::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many uploads at once",
        RETRY_AFTER_BUSY,
    );
    pub(super) const LIVE_BUSY: Self = Self::later(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many live connections",
        RETRY_AFTER_LIVE,
    );

    const fn new(status: StatusCode, detail: &'static str) -> Self {
        Self {
            status,
            detail,
            retry_after: None,
        }
    }

    const fn later(status: StatusCode, detail: &'static str, after: Duration) -> Self {
        Self {
            status,
            detail,
            retry_after: Some(after),
        }
    }

    /// The one translation of failed calls. What went wrong inside is for the log, not for the client.
    pub(super) fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Overloaded => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "the service is busy", RETRY_AFTER_BUSY)
            }
            // It waited for somebody who was away: next time they may be back.
            CallError::Timeout => Self::later(StatusCode::GATEWAY_TIMEOUT, NOT_IN_TIME, RETRY_AFTER_BUSY),
            // It would take as long again.
            CallError::Cpu => Self::new(StatusCode::GATEWAY_TIMEOUT, NOT_IN_TIME),
            CallError::Request(_) => Self::new(StatusCode::BAD_REQUEST, "the request has no valid host"),
            CallError::NotExported(_) => Self::NO_ROUTE,
            CallError::Instantiate(_) | CallError::Trap(_) | CallError::NoAnswer | CallError::Refused(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service failed")
            }
        }
    }

    /// As a response.
    pub(super) fn response(self) -> Response<Full<Bytes>> {
        let document = serde_json::json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut response = Response::new(Full::from(document.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        response
    }
}
