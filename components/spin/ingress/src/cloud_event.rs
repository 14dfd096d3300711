//! What must be known of an event to pass it on.

use std::borrow::Cow;

use dayloom_spin_kit::Subscription;
use serde::Deserialize;

/// Bytes of one event at most: the platform's limit for a body, and a quarter for the attributes that a sidecar adds.
const EVENT_BYTES_MAX: usize = dayloom_spin_kit::limits::EVENT_BODY_BYTES_MAX / 4 * 5;

/// The required attributes of a CloudEvent in structured JSON, <https://github.com/cloudevents/spec>.
#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
}

/// The type of a CloudEvent, or why it is none.
pub(crate) fn type_of(text: &str) -> Result<Cow<'_, str>, String> {
    if text.len() > EVENT_BYTES_MAX {
        return Err(format!("over {EVENT_BYTES_MAX} bytes"));
    }
    let attributes: Attributes<'_> = serde_json::from_str(text).map_err(|error| format!("no CloudEvent: {error}"))?;
    if attributes.specversion != "1.0" {
        return Err("no CloudEvent of version 1.0".to_owned());
    }
    if attributes.id.is_empty() || attributes.source.is_empty() || attributes.event_type.is_empty() {
        return Err("no CloudEvent: an empty id, source or type".to_owned());
    }
    Ok(attributes.event_type)
}

/// Whether a subscription wants an event.
pub(crate) fn is_wanted(subscription: &Subscription, topic: &str, event_type: &str) -> bool {
    let Subscription { topics, types, .. } = subscription;
    topics.iter().any(|name| name == topic) && (types.is_empty() || types.iter().any(|name| name == event_type))
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::Subscription;

    use super::{EVENT_BYTES_MAX, is_wanted, type_of};

    #[test]
    fn a_cloud_event_has_four_attributes() {
        let event = r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","data":{"type":1},"more":[]}"#;
        assert_eq!(type_of(event).as_deref(), Ok("t"));
        for other in [
            "",
            "[]",
            "null",
            "\"eyJyYXciOjF9\"",
            r#"{"id":"1","source":"/x","type":"t"}"#,
            r#"{"specversion":"0.3","id":"1","source":"/x","type":"t"}"#,
            r#"{"specversion":"1.0","id":"","source":"/x","type":"t"}"#,
            r#"{"specversion":"1.0","id":"1","source":"/x","type":7}"#,
            r#"{"specversion":"1.0","id":"1","source":"/x","type":"t","type":"u"}"#,
        ] {
            assert!(type_of(other).is_err(), "{other}");
        }
        assert!(type_of(&"[".repeat(100_000)).is_err(), "depth");
        let padded = |bytes: usize| format!("{event}{}", " ".repeat(bytes - event.len()));
        assert!(type_of(&padded(EVENT_BYTES_MAX)).is_ok());
        assert!(type_of(&padded(EVENT_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_subscription_names_topics_and_types() {
        let subscription = |topic: &str, types: &[&str]| Subscription {
            component: "c".into(),
            topics: vec![topic.to_owned()],
            types: types.iter().map(|&name| name.to_owned()).collect(),
            batch: 1,
            attempts_max: 1,
        };
        let subscriptions = [subscription("a", &[]), subscription("b", &["t"])];
        let is_wanted = |place: usize, topic, event_type| is_wanted(&subscriptions[place], topic, event_type);
        assert!(is_wanted(0, "a", "x") && is_wanted(1, "b", "t"));
        assert!(!is_wanted(1, "b", "x") && !is_wanted(0, "c", "t"));
    }
}
