//! Events as they come by HTTP: alone, or many in an envelope as the sidecar's bulk subscriptions have it. Relays use the
//! same envelope.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The media type of an event in structured JSON.
pub(crate) const CLOUD_EVENT: &str = "application/cloudevents+json";

/// Many events.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bulk<'a> {
    #[serde(borrow)]
    pub(crate) entries: Vec<BulkEntry<'a>>,
}

/// One of many.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BulkEntry<'a> {
    #[serde(rename = "entryId", borrow)]
    pub(crate) entry_id: Cow<'a, str>,
    /// Kept as text: an event is never taken apart on its way.
    #[serde(borrow)]
    pub(crate) event: &'a RawValue,
    #[serde(borrow, default)]
    pub(crate) metadata: Metadata<'a>,
    #[serde(rename = "contentType", borrow, default)]
    pub(crate) content_type: Cow<'a, str>,
}

/// What is known of an event beside itself. The sidecar's names are those of its broker.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Metadata<'a> {
    /// The topic, where the path does not say it.
    #[serde(rename = "__topic", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<Cow<'a, str>>,
    /// The ordering key.
    #[serde(rename = "__key", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<Cow<'a, str>>,
    /// The ordering key, by the name that publishers give it.
    #[serde(rename = "partitionKey", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) partition_key: Option<Cow<'a, str>>,
    /// From a relay: 1 for the first attempt.
    #[serde(rename = "__attempt", borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) attempt: Option<Cow<'a, str>>,
}

/// A body of events.
pub(crate) enum Body<'a> {
    /// Many.
    Bulk(Bulk<'a>),
    /// One, whatever it is.
    Single(&'a str),
}

impl<'a> Body<'a> {
    /// Tells them apart: an envelope has entries, and a CloudEvent has none.
    pub(crate) fn of(text: &'a str) -> Self {
        serde_json::from_str(text).map_or(Self::Single(text), Self::Bulk)
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn the_sidecars_envelope_is_read() {
        // As daprd 1.18 sends it.
        let text = r#"{"entries":[{"entryId":"0","event":{"data":{"n":3},"id":"6","type":"t"},"metadata":{"__offset":"0",
            "__key":"k","__topic":"task-updates"},"contentType":"application/cloudevents+json"},
            {"entryId":"1","event":"eyJ9"}],"id":"4972387c","metadata":{"pubsubName":"taskpubsub"},"pubsubname":"taskpubsub",
            "topic":"task-updates","type":"com.dapr.event.sent.bulk"}"#;
        let Body::Bulk(bulk) = Body::of(text) else {
            panic!("an envelope");
        };
        let [first, second] = &bulk.entries[..] else {
            panic!("two entries");
        };
        assert_eq!((&*first.entry_id, first.metadata.key.as_deref()), ("0", Some("k")));
        assert_eq!(first.event.get(), r#"{"data":{"n":3},"id":"6","type":"t"}"#);
        assert_eq!(
            (second.event.get(), second.metadata.topic.as_deref()),
            ("\"eyJ9\"", None)
        );
    }

    #[test]
    fn anything_else_is_one_event() {
        for text in ["", "{}", "[]", r#"{"specversion":"1.0","id":"1"}"#, r#"{"entries":7}"#] {
            assert!(
                matches!(Body::of(text), Body::Single(single) if single == text),
                "{text}"
            );
        }
    }
}
