use std::sync::Arc;

use dayloom_ports::{ComponentId, PublishError};

use super::backlog::Dead;
use crate::dead_letters::{DEAD_LETTERS_PARTITION, Past, describe};
use crate::headers;
use crate::publisher::{Outgoing, Publisher};
use crate::time::now_ms;

/// Where dead letters are written to.
#[derive(Clone)]
pub(super) struct Graveyard {
    pub(super) publisher: Arc<Publisher>,
    /// The full name.
    pub(super) topic: String,
}

impl Graveyard {
    /// Writes dead letters; what is `Ok` is durable. One over the broker's limit is written without its body and its own
    /// headers: that it is there, and where it came from, is better than a subscriber that stands still.
    pub(super) async fn bury(&self, subscriber: &ComponentId, dead: &[Dead]) -> Vec<Result<(), PublishError>> {
        let letters = dead.iter().map(|dead| self.letter(subscriber, dead)).collect();
        let mut results = self.publisher.send(letters).await;
        for (dead, result) in dead.iter().zip(&mut results) {
            if matches!(result, Err(PublishError::Invalid(_))) {
                let slip = self.slip(self.letter(subscriber, dead));
                *result = self.publisher.send(vec![slip]).await.remove(0);
            }
        }
        results
    }

    fn letter(&self, subscriber: &ComponentId, dead: &Dead) -> Outgoing {
        let record = &dead.record;
        let past = Past {
            // Anybody can write to a retry topic, and any number into a header.
            attempts: record
                .past
                .as_ref()
                .map_or(0, |past| past.attempts)
                .saturating_add(dead.failures),
            first_failed_at: record
                .past
                .as_ref()
                .map_or(dead.first_failed_at, |past| past.first_failed_at),
        };
        let mut headers = record.headers.clone();
        headers.retain(|(name, _)| !name.starts_with(headers::DEAD_LETTER_PREFIX));
        headers.extend(describe(subscriber, &record.source, &past, &dead.reason, now_ms()));
        Outgoing {
            topic: self.topic.clone(),
            partition: Some(DEAD_LETTERS_PARTITION),
            key: record.raw_key.clone(),
            body: Some(record.body.clone()),
            headers,
        }
    }

    fn slip(&self, mut letter: Outgoing) -> Outgoing {
        letter
            .headers
            .retain(|(name, _)| name.starts_with(headers::DEAD_LETTER_PREFIX));
        letter.body = None;
        letter.key = None;
        letter
    }
}
