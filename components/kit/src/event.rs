use axum::extract::FromRequestParts;
use dayloom_domain::event::CloudEvent;
use http::request::Parts;
use serde::Serialize;

use crate::clock;
use crate::storage::Event;

/// An event as a commit takes it. `key` is what orders it: a task's id, or a user's.
pub fn publishable<D: Serialize>(event: &CloudEvent<'_, D>, key: impl Into<String>) -> Event {
    Event {
        id: event.id.to_string(),
        event_type: event.event_type.as_str().to_owned(),
        key: key.into(),
        body: event.to_json(),
    }
}

/// What ties one request's events, audit entries and log lines together: the trace id of `traceparent` (W3C Trace Context).
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Correlation {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        Ok(Self(
            header
                .and_then(trace_id)
                .map_or_else(|| clock::new_id().to_string(), str::to_owned),
        ))
    }
}

/// The 32 hex digits of a valid `traceparent`. All zeros mean "no trace" (a sidecar sends that).
fn trace_id(traceparent: &str) -> Option<&str> {
    let id = traceparent.split('-').nth(1)?;
    let valid =
        id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) && id.bytes().any(|b| b != b'0');
    valid.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn only_a_real_trace_id_correlates() {
        assert_eq!(
            trace_id("00-3e36f48e8e9d5f01bf60e95e2ba56e63-6f1bc2de0868a02e-01"),
            Some("3e36f48e8e9d5f01bf60e95e2ba56e63")
        );
        for bad in [
            "",
            "00-00000000000000000000000000000000-0000000000000000-00",
            "00-xyz-1-1",
            "00",
        ] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
