//! What subscribers could not take, and getting it back.
//!
//! The dead-letter topic is a log of two kinds of records in one partition: letters, whose offset is their number, and
//! marks that say which letter was replayed. Kafka can not delete one record, so a letter that has a mark is passed over.
//! A replay goes to the retry topic of the one component that could not take the event: in the topic it came from, all
//! subscribers would get it again.

mod format;
mod scan;

use std::collections::HashSet;
use std::sync::Arc;

use dayloom_ports::{PublishError, Replay};
use rdkafka::error::KafkaError;

use crate::names::Names;
use crate::publisher::{Outgoing, Publisher};
use crate::{KafkaConfig, OpenError};

use format::{Letter, mark};
pub(crate) use format::{Past, describe};
use scan::Within;

/// Dead letters have one partition, so that an offset is a number. If the topic has more, the others stay empty.
pub(crate) const DEAD_LETTERS_PARTITION: i32 = 0;

/// Letters whose events are held in memory at a time, each as large as the brokers allow (1 MiB by default).
const REPLAYED_AT_A_TIME_MAX: usize = 16;

/// Why the dead letters could not be read or replayed.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The configuration or the client.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The broker's answer, or that there is none.
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// A letter was not handed over; those with smaller numbers were.
    #[error("dead letter {id} was not handed over: {reason}")]
    Replay {
        /// Its number.
        id: i64,
        /// Why not.
        reason: String,
    },
    /// The event was too large to be kept with its letter.
    #[error(
        "the event of dead letter {id} was too large to be kept; it was offset {offset} of partition {partition} of `{topic}`"
    )]
    WithoutBody {
        /// The letter's number.
        id: i64,
        /// Where the event was.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
    },
}

/// An event that a subscriber could not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number: the offset in the dead-letter topic.
    pub id: i64,
    /// Who could not take it.
    pub subscriber: String,
    /// CloudEvents `id`; empty if it has none.
    pub event_id: String,
    /// CloudEvents `type`; empty if it has none.
    pub event_type: String,
    /// The topic it came by, without the deployment's prefix.
    pub topic: String,
    /// The partition there.
    pub partition: i32,
    /// The offset there.
    pub offset: i64,
    /// When it was written there, in milliseconds since the Unix epoch, UTC; none if the broker does not say.
    pub timestamp: Option<i64>,
    /// Its ordering key; empty if it has none.
    pub key: String,
    /// The reason of the last attempt, at most 1 KiB.
    pub reason: String,
    /// Attempts in all, replays included.
    pub attempts: u32,
    /// When the first attempt failed, in milliseconds since the Unix epoch, UTC.
    pub first_failed_at: u64,
    /// When the last attempt failed, in milliseconds since the Unix epoch, UTC.
    pub last_failed_at: u64,
}

/// The dead letters of a deployment, for the command line: works whether or not hosts are running.
pub struct DeadLetters {
    config: KafkaConfig,
    names: Names,
    publisher: Arc<Publisher>,
}

impl DeadLetters {
    /// Checks the configuration; the brokers are asked later.
    ///
    /// # Errors
    /// If the configuration contradicts itself or the client refuses it.
    pub fn open(config: KafkaConfig) -> Result<Self, OpenError> {
        config.validate()?;
        Ok(Self {
            names: Names::new(&config),
            publisher: Arc::new(Publisher::new(&config)?),
            config,
        })
    }

    /// Up to `limit` dead letters with numbers above `after`, in order of their numbers; of one subscriber, if given.
    ///
    /// # Errors
    /// If the topic is not there or can not be read in time.
    pub async fn list(
        &self,
        subscriber: Option<&str>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let subscriber = subscriber.map(ToOwned::to_owned);
        let about = move |letter: Letter| {
            let is_wanted = subscriber.as_ref().is_none_or(|name| letter.about.subscriber == *name);
            is_wanted.then_some(letter.about)
        };
        let mut letters = self.read(after.saturating_add(1), None, about).await?;
        letters.truncate(limit);
        Ok(letters)
    }

    /// One dead letter and its body, CloudEvents JSON, if it was kept; none if there is no such number or it was replayed.
    ///
    /// # Errors
    /// If the topic is not there or can not be read in time.
    pub async fn show(&self, id: i64) -> Result<Option<(DeadLetter, Option<Vec<u8>>)>, DeadLetterError> {
        let found = self.read(id, None, move |letter| (letter.about.id == id).then_some(letter));
        Ok(found.await?.pop().map(|letter| (letter.about, letter.body)))
    }

    /// Hands letters to their subscribers again, with attempts counted from the start; returns how many. They are not
    /// listed any more; one that fails again becomes a new letter, which counts on.
    ///
    /// At least once: if this is interrupted between handing over and marking, a second replay hands over again. A
    /// replayed event comes beside the other events of its key, in no order with them.
    ///
    /// # Errors
    /// If the broker can not be reached, or a letter has no body; what was handed over until then stays so.
    pub async fn replay(&self, which: &Replay) -> Result<usize, DeadLetterError> {
        let ids: Vec<i64> = match which {
            Replay::One(id) => {
                let id = *id;
                let found = self.read(id, None, move |letter| (letter.about.id == id).then_some(id));
                found.await?
            }
            Replay::AllOf(name) => {
                let name = name.clone();
                let id = move |letter: Letter| (letter.about.subscriber == name).then_some(letter.about.id);
                self.read(0, None, id).await?
            }
        };
        let mut replayed = 0;
        for ids in ids.chunks(REPLAYED_AT_A_TIME_MAX) {
            for letter in self.letters(ids).await? {
                self.hand_over(letter).await?;
                replayed += 1;
            }
        }
        Ok(replayed)
    }

    /// These letters with their events. Marks are not looked at again.
    async fn letters(&self, ids: &[i64]) -> Result<Vec<Letter>, DeadLetterError> {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Ok(Vec::new());
        };
        let wanted: HashSet<i64> = ids.iter().copied().collect();
        let one_of_them = move |letter: Letter| wanted.contains(&letter.about.id).then_some(letter);
        self.read(*first, Some(*last + 1), one_of_them).await
    }

    /// First the event, then the mark: in between it may come twice, never not at all.
    async fn hand_over(&self, letter: Letter) -> Result<(), DeadLetterError> {
        let DeadLetter {
            id,
            subscriber,
            topic,
            partition,
            offset,
            ..
        } = letter.about;
        let Some(body) = letter.body else {
            return Err(DeadLetterError::WithoutBody {
                id,
                topic,
                partition,
                offset,
            });
        };
        let event = Outgoing {
            topic: self.names.retry_topic(&subscriber),
            partition: None,
            key: letter.key,
            body: Some(body),
            headers: letter.headers,
        };
        let mark = Outgoing {
            topic: self.names.dead_letters_topic(),
            partition: Some(DEAD_LETTERS_PARTITION),
            key: None,
            body: None,
            headers: mark(id),
        };
        for record in [event, mark] {
            let result = self.publisher.send(vec![record]).await.remove(0);
            result.map_err(|error: PublishError| DeadLetterError::Replay {
                id,
                reason: error.to_string(),
            })?;
        }
        Ok(())
    }

    async fn read<T: Send + 'static>(
        &self,
        from: i64,
        to: Option<i64>,
        keep: impl Fn(Letter) -> Option<T> + Send + 'static,
    ) -> Result<Vec<T>, DeadLetterError> {
        let (config, topic) = (self.config.clone(), self.names.dead_letters_topic());
        let within = Within { from, to };
        match tokio::task::spawn_blocking(move || scan::read(&config, &topic, &within, keep)).await {
            Ok(kept) => kept,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
