//! What subscribers could not take, and getting it back.
//!
//! The dead-letter topic is a log of two kinds of records in one partition: letters, whose offset is their number, and
//! marks that say which letter was replayed. Kafka can not delete one record, so a letter that has a mark is passed over.
//! A replay goes to the retry topic of the one component that could not take the event: in the topic it came from, all
//! subscribers would get it again.

mod format;
mod scan;

use std::sync::Arc;

use dayloom_ports::PublishError;
use rdkafka::error::KafkaError;

use crate::names::Names;
use crate::publisher::{Outgoing, Publisher};
use crate::{KafkaConfig, OpenError};

use format::{Letter, mark};
pub(crate) use format::{Past, describe};

/// Dead letters have one partition, so that an offset is a number. If the topic has more, the others stay empty.
pub(crate) const DEAD_LETTERS_PARTITION: i32 = 0;

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

/// Which dead letters to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// One, by its number.
    One(i64),
    /// All of one subscriber.
    AllOf(String),
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
        let letters = self.read(after.saturating_add(1)).await?;
        let wanted = letters
            .into_iter()
            .filter(|letter| subscriber.is_none_or(|name| letter.about.subscriber == name));
        Ok(wanted.take(limit).map(|letter| letter.about).collect())
    }

    /// One dead letter and its body, CloudEvents JSON, if it was kept; none if there is no such number or it was replayed.
    ///
    /// # Errors
    /// If the topic is not there or can not be read in time.
    pub async fn show(&self, id: i64) -> Result<Option<(DeadLetter, Option<Vec<u8>>)>, DeadLetterError> {
        let letters = self.read(id).await?;
        let found = letters.into_iter().find(|letter| letter.about.id == id);
        Ok(found.map(|letter| (letter.about, letter.body)))
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
        let letters: Vec<Letter> = match which {
            Replay::One(id) => {
                let letters = self.read(*id).await?;
                letters.into_iter().filter(|letter| letter.about.id == *id).collect()
            }
            Replay::AllOf(name) => {
                let letters = self.read(0).await?;
                letters
                    .into_iter()
                    .filter(|letter| letter.about.subscriber == *name)
                    .collect()
            }
        };
        let mut replayed = 0;
        for letter in letters {
            self.hand_over(letter).await?;
            replayed += 1;
        }
        Ok(replayed)
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

    async fn read(&self, from: i64) -> Result<Vec<Letter>, DeadLetterError> {
        let (config, topic) = (self.config.clone(), self.names.dead_letters_topic());
        match tokio::task::spawn_blocking(move || scan::read(&config, &topic, from)).await {
            Ok(letters) => letters,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
