use std::borrow::Cow;

use rdkafka::message::{BorrowedMessage, Message as _};
use serde::Deserialize;

use crate::dead_letters::Past;
use crate::headers::{self, EVENT_ID, EVENT_TYPE, Headers};

/// Where a record came from at first: what a dead letter says, however often it was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Without the deployment's prefix.
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// When it was written, in milliseconds since the Unix epoch, UTC; none if the broker does not say.
    pub(crate) timestamp: Option<i64>,
}

/// A record as it came.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Where it is now, in its partition.
    pub(crate) offset: i64,
    pub(crate) source: Source,
    /// As it travels; not always text.
    pub(crate) raw_key: Option<Vec<u8>>,
    /// As the sink gets it, empty if there is none.
    pub(crate) key: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// What happened to it before it was replayed.
    pub(crate) past: Option<Past>,
}

impl Record {
    /// `topic` is the message's, without the deployment's prefix; `is_replay` if that is the subscriber's retry topic.
    pub(super) fn of(message: &BorrowedMessage<'_>, topic: &str, is_replay: bool) -> Self {
        let headers = headers::read(message.headers());
        let (source, past) = match Past::of(&headers).filter(|_| is_replay) {
            Some((source, past)) => (source, Some(past)),
            None => {
                let source = Source {
                    topic: topic.to_owned(),
                    partition: message.partition(),
                    offset: message.offset(),
                    timestamp: message.timestamp().to_millis(),
                };
                (source, None)
            }
        };
        Self {
            offset: message.offset(),
            source,
            raw_key: message.key().map(<[u8]>::to_vec),
            key: message
                .key()
                .map(String::from_utf8_lossy)
                .unwrap_or_default()
                .into_owned(),
            headers,
            body: message.payload().unwrap_or_default().to_vec(),
            past,
        }
    }

    /// What it takes of memory, near enough: everything whose length a producer chooses.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len));
        self.body.len() + self.key.len() + self.raw_key.as_ref().map_or(0, Vec::len) + headers.sum::<usize>()
    }

    /// Whether a subscriber of these types wants it. What has no readable type goes to the component, which decides.
    pub(super) fn is_wanted(&self, types: &[String]) -> bool {
        if types.is_empty() || self.past.is_some() {
            return true;
        }
        let event_type = match headers::text(&self.headers, EVENT_TYPE) {
            Some(event_type) => Cow::Borrowed(event_type),
            None => match serde_json::from_slice::<Envelope<'_>>(&self.body) {
                Ok(Envelope {
                    event_type: Some(event_type),
                    ..
                }) => event_type,
                _ => return true,
            },
        };
        types.iter().any(|wanted| *wanted == event_type)
    }
}

/// What is read of an event that has no headers to tell.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    event_type: Option<Cow<'a, str>>,
}

/// The event's `id` and `type`, each empty if there is none.
pub(crate) fn identity(headers: &Headers, body: &[u8]) -> (String, String) {
    let told = |name| headers::text(headers, name).map(ToOwned::to_owned);
    let read = serde_json::from_slice::<Envelope<'_>>(body).ok();
    let (id, event_type) = read
        .map(|envelope| (envelope.id, envelope.event_type))
        .unwrap_or_default();
    (
        told(EVENT_ID).or(id.map(Cow::into_owned)).unwrap_or_default(),
        told(EVENT_TYPE).or(event_type.map(Cow::into_owned)).unwrap_or_default(),
    )
}
