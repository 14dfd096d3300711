//! Dead letters as records: the event as it came, and headers that say why it is here.

use dayloom_ports::TimestampMs;

use super::DeadLetter;
use crate::consumer::{Source, identity};
use crate::headers::{Headers, number, pair, text};

const SUBSCRIBER: &str = "dayloom_dl_subscriber";
const REASON: &str = "dayloom_dl_reason";
const ATTEMPTS: &str = "dayloom_dl_attempts";
const TOPIC: &str = "dayloom_dl_topic";
const PARTITION: &str = "dayloom_dl_partition";
const OFFSET: &str = "dayloom_dl_offset";
const TIMESTAMP: &str = "dayloom_dl_timestamp_ms";
const FIRST_FAILED_AT: &str = "dayloom_dl_first_failed_at_ms";
const LAST_FAILED_AT: &str = "dayloom_dl_last_failed_at_ms";
/// Makes a record a mark: the number of the letter that was replayed.
const REPLAYED: &str = "dayloom_dl_replayed";

/// What a replayed event brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    /// Attempts so far.
    pub(crate) attempts: u32,
    /// When the first of them failed.
    pub(crate) first_failed_at: TimestampMs,
}

impl Past {
    /// None if these are not the headers of a letter.
    pub(crate) fn of(headers: &Headers) -> Option<(Source, Self)> {
        let source = Source {
            topic: text(headers, TOPIC)?.to_owned(),
            partition: number(headers, PARTITION)?,
            offset: number(headers, OFFSET)?,
            timestamp: number(headers, TIMESTAMP),
        };
        let past = Self {
            attempts: number(headers, ATTEMPTS)?,
            first_failed_at: number(headers, FIRST_FAILED_AT)?,
        };
        Some((source, past))
    }
}

/// The headers of a letter.
pub(crate) fn describe(subscriber: &str, source: &Source, past: &Past, reason: &str, now: TimestampMs) -> Headers {
    let mut headers = vec![
        pair(SUBSCRIBER, subscriber),
        pair(REASON, reason),
        pair(ATTEMPTS, past.attempts),
        pair(TOPIC, &source.topic),
        pair(PARTITION, source.partition),
        pair(OFFSET, source.offset),
        pair(FIRST_FAILED_AT, past.first_failed_at),
        pair(LAST_FAILED_AT, now),
    ];
    headers.extend(source.timestamp.map(|timestamp| pair(TIMESTAMP, timestamp)));
    headers
}

/// The headers of the mark that letter `id` was replayed.
pub(super) fn mark(id: i64) -> Headers {
    vec![pair(REPLAYED, id)]
}

/// A letter with everything it takes to replay it.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) about: DeadLetter,
    pub(super) key: Option<Vec<u8>>,
    pub(super) headers: Headers,
    /// None if it was too large.
    pub(super) body: Option<Vec<u8>>,
}

/// What a record of the dead-letter topic is.
#[derive(Debug)]
pub(super) enum Found {
    Letter(Box<Letter>),
    Mark(i64),
    /// Nothing of ours.
    Foreign,
}

impl Found {
    pub(super) fn of(id: i64, key: Option<&[u8]>, headers: Headers, body: Option<&[u8]>) -> Self {
        if let Some(replayed) = number(&headers, REPLAYED) {
            return Self::Mark(replayed);
        }
        let (Some((source, past)), Some(subscriber)) = (Past::of(&headers), text(&headers, SUBSCRIBER)) else {
            return Self::Foreign;
        };
        let (event_id, event_type) = identity(&headers, body.unwrap_or_default());
        let about = DeadLetter {
            id,
            subscriber: subscriber.to_owned(),
            event_id,
            event_type,
            topic: source.topic,
            partition: source.partition,
            offset: source.offset,
            timestamp: source.timestamp,
            key: key.map(String::from_utf8_lossy).unwrap_or_default().into_owned(),
            reason: text(&headers, REASON).unwrap_or_default().to_owned(),
            attempts: past.attempts,
            first_failed_at: past.first_failed_at,
            last_failed_at: number(&headers, LAST_FAILED_AT).unwrap_or_default(),
        };
        Self::Letter(Box::new(Letter {
            about,
            key: key.map(<[u8]>::to_vec),
            headers,
            body: body.map(<[u8]>::to_vec),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Past, describe, mark};
    use crate::consumer::Source;
    use crate::headers::pair;

    #[test]
    fn a_letter_reads_as_it_was_written() {
        let source = Source {
            topic: "things".to_owned(),
            partition: 2,
            offset: 7,
            timestamp: Some(5),
        };
        let past = Past {
            attempts: 3,
            first_failed_at: 40,
        };
        let mut headers = vec![pair("own", "kept")];
        headers.extend(describe("audit", &source, &past, "no", 50));
        assert_eq!(Past::of(&headers), Some((source, past)));
        let body = br#"{"id":"i","type":"t"}"#;
        let Found::Letter(letter) = Found::of(9, Some(b"k"), headers.clone(), Some(body)) else {
            panic!("it is a letter");
        };
        assert_eq!(letter.headers, headers);
        let about = &letter.about;
        assert_eq!(
            (about.id, about.offset, about.partition, about.timestamp),
            (9, 7, 2, Some(5))
        );
        assert_eq!(
            (about.attempts, about.first_failed_at, about.last_failed_at),
            (3, 40, 50)
        );
        assert_eq!(
            (
                &*about.subscriber,
                &*about.event_id,
                &*about.event_type,
                &*about.topic,
                &*about.key,
                &*about.reason
            ),
            ("audit", "i", "t", "things", "k", "no")
        );
    }

    #[test]
    fn marks_and_foreign_records_are_told_apart() {
        assert!(matches!(Found::of(1, None, mark(7), None), Found::Mark(7)));
        assert!(matches!(
            Found::of(1, None, vec![pair("x", "y")], Some(b"{}")),
            Found::Foreign
        ));
    }
}
