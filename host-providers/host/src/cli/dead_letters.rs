//! Dead letters of either deployment, in one form for people.

use std::path::Path;

use anyhow::Context;
use dayloom_ports::Replay;
use serde_json::{Value, json};

use super::within;
use crate::config::{Config, Servers};

/// Dead letters read at once.
const PAGE: u16 = 500;

/// Where events wait that a component could not take.
pub(super) enum DeadLetters {
    Embedded(dayloom_sqlite::DeadLetters),
    Kafka(Box<dayloom_kafka::DeadLetters>),
}

impl DeadLetters {
    pub(super) fn open(config: &Config, data: &Path) -> anyhow::Result<Self> {
        Ok(match config.servers()? {
            None => Self::Embedded(dayloom_sqlite::DeadLetters::open(data)?),
            Some(Servers { kafka, .. }) => Self::Kafka(Box::new(dayloom_kafka::DeadLetters::open(kafka)?)),
        })
    }

    /// The letters that follow number `after`, with their numbers; none at the end.
    pub(super) fn page(&self, component: Option<&str>, after: i64) -> anyhow::Result<Vec<(i64, Value)>> {
        Ok(match self {
            Self::Embedded(letters) => {
                let page = letters.list(component, after, PAGE.into())?;
                page.iter().map(|letter| (letter.id, embedded(letter))).collect()
            }
            Self::Kafka(letters) => {
                let page = within(letters.list(component, after, PAGE.into()))??;
                page.iter().map(|letter| (letter.id, kafka(letter))).collect()
            }
        })
    }

    /// A letter with its event.
    pub(super) fn show(&self, id: i64) -> anyhow::Result<Value> {
        let none = || format!("there is no dead letter {id}; see `events list`");
        let (mut described, body) = match self {
            Self::Embedded(letters) => {
                let (letter, body) = letters.show(id)?.with_context(none)?;
                (embedded(&letter), Some(body.into_bytes()))
            }
            Self::Kafka(letters) => {
                let (letter, body) = within(letters.show(id))??.with_context(none)?;
                (kafka(&letter), body)
            }
        };
        described["event"] = body.map_or(Value::Null, |body| {
            // A foreign producer's event may be no JSON at all; then it is shown as the text it is.
            serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into())
        });
        Ok(described)
    }

    /// Has some delivered again; how many they are.
    pub(super) fn replay(&self, which: &Replay) -> anyhow::Result<usize> {
        Ok(match self {
            Self::Embedded(letters) => letters.replay(which)?,
            Self::Kafka(letters) => within(letters.replay(which))??,
        })
    }
}

fn embedded(letter: &dayloom_sqlite::DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "component": letter.subscriber,
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "topic": letter.topic,
        "key": letter.key,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "first_failed_at_ms": letter.first_failed_at,
        "last_failed_at_ms": letter.last_failed_at,
        "replay_requested_at_ms": letter.replay_requested_at,
    })
}

fn kafka(letter: &dayloom_kafka::DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "component": letter.subscriber,
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "first_failed_at_ms": letter.first_failed_at,
        "last_failed_at_ms": letter.last_failed_at,
    })
}
