//! Records on their way to the broker, in the order of their keys whatever fails.
//!
//! - The producer is idempotent and waits for all in-sync replicas. Repeats of its own neither duplicate nor reorder.
//! - It never gives up a record by itself (`message.timeout.ms` is 0): a record that times out in the middle while later
//!   ones of its key go out would arrive after them when it is published again. Instead each batch has a deadline; past
//!   it everything that waits or is in flight is purged at once, so what a partition took of a batch is a prefix of it.
//! - A batch that the broker refuses for good stops the producer (`enable.gapless.guarantee`) before it sends what is
//!   behind it. Beside records that are too large that is the broker's own trouble, such as an unknown error.
//! - If records of a key after a failed one went through all the same, they too are reported `Unavailable`: they come
//!   again after it. Consumers know repeats by their id.
//! - After any failure the producer is replaced: a fatal error (a lost sequence) can not be mended in place, and a purged
//!   producer might still have requests under way. Those carry its old producer id and are prefixes, too.
//! - One batch at a time, so that no later call overtakes an earlier one. A batch is cut into chunks that the client's
//!   queue always has room for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dayloom_ports::PublishError;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _, PurgeConfig};
use tokio::time::{Instant, timeout_at};

use crate::KafkaConfig;
use crate::client::{Speaking, settings};
use crate::headers::{self, Headers};
use crate::metrics::PublisherMetrics;

/// Milliseconds a record waits for company. A relay hands over whole batches, so there is little to wait for.
const LINGER_MS: &str = "1";
/// Bytes of one request's records for one partition, well under the broker's usual limit of 1 MiB: a batch over the
/// broker's limit would be refused whole, though each of its records is small enough.
const BATCH_BYTES_MAX: &str = "262144";
/// Bytes of one record that are offered to the broker, whose own limit (1 MiB by default) is what counts.
const RECORD_BYTES_MAX: &str = "8388608";
/// Records handed to the client at a time.
const CHUNK_RECORDS_MAX: usize = 1_000;
/// Bytes handed to the client at a time, and one record more.
const CHUNK_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Records the client's queue holds: several chunks, for callers that went away in the middle.
const QUEUE_RECORDS_MAX: &str = "10000";
/// KiB the client's queue holds: several chunks of the largest records.
const QUEUE_KIB_MAX: &str = "65536";
/// How long the brokers may take to say that they are there.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

/// A record as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// The full name.
    pub(crate) topic: String,
    /// None to have the key choose.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) headers: Headers,
}

impl Outgoing {
    fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.body.as_ref().map_or(0, Vec::len)
    }
}

/// A topic as the brokers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) partitions: usize,
    /// Whether each of them has a broker that takes records.
    pub(crate) is_led: bool,
}

impl Topic {
    fn of(partitions: &[MetadataPartition]) -> Self {
        Self {
            partitions: partitions.len(),
            is_led: partitions.iter().all(|partition| partition.leader() >= 0),
        }
    }
}

type Producer = FutureProducer<Speaking>;

pub(crate) struct Publisher {
    settings: ClientConfig,
    timeout: Duration,
    context: Speaking,
    /// Held for a whole batch.
    turn: tokio::sync::Mutex<()>,
    /// None after a failure, until the next batch.
    producer: Mutex<Option<Arc<Producer>>>,
    metrics: PublisherMetrics,
}

impl Publisher {
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        let mut settings = settings(config);
        settings
            .set("enable.idempotence", "true")
            .set("enable.gapless.guarantee", "true")
            .set("acks", "all")
            .set("message.timeout.ms", "0")
            .set("linger.ms", LINGER_MS)
            .set("batch.size", BATCH_BYTES_MAX)
            .set("message.max.bytes", RECORD_BYTES_MAX)
            .set("queue.buffering.max.messages", QUEUE_RECORDS_MAX)
            .set("queue.buffering.max.kbytes", QUEUE_KIB_MAX)
            // As Java clients and Dapr place a key, so that all producers of a topic agree.
            .set("partitioner", "murmur2_random");
        let publisher = Self {
            settings,
            timeout: config.publish_timeout(),
            context: Speaking::default(),
            turn: tokio::sync::Mutex::default(),
            producer: Mutex::default(),
            metrics: PublisherMetrics::register(),
        };
        publisher.producer()?;
        Ok(publisher)
    }

    /// Publishes in order; one result for each record. Takes as long as the time-out at most, waiting for its turn
    /// included.
    pub(crate) async fn send(&self, records: Vec<Outgoing>) -> Vec<Result<(), PublishError>> {
        let deadline = Instant::now() + self.timeout;
        let results = match timeout_at(deadline, self.turn.lock()).await {
            Ok(_turn) => self.send_in_turn(&records, deadline).await,
            Err(_) => {
                let reason = self.context.complaints.last_or("others are published before it");
                vec![Err(PublishError::Unavailable(reason)); records.len()]
            }
        };
        self.metrics.published(&results);
        results
    }

    async fn send_in_turn(&self, records: &[Outgoing], deadline: Instant) -> Vec<Result<(), PublishError>> {
        let mut results = Vec::with_capacity(records.len());
        while results.len() < records.len() {
            let chunk = chunk(&records[results.len()..]);
            let sent = self.send_chunk(chunk, deadline).await;
            let failure = sent.iter().find_map(|result| match result {
                Err(PublishError::Unavailable(reason)) => Some(reason.clone()),
                _ => None,
            });
            if failure.is_some() || self.has_failed() {
                self.retire();
            }
            results.extend(sent);
            if let Some(reason) = failure {
                results.resize(records.len(), Err(PublishError::Unavailable(reason)));
            }
        }
        hold_order(records.iter().map(|record| record.key.as_deref()), &mut results);
        results
    }

    async fn send_chunk(&self, chunk: &[Outgoing], deadline: Instant) -> Vec<Result<(), PublishError>> {
        let producer = match self.producer() {
            Ok(producer) => producer,
            Err(error) => return vec![Err(PublishError::Unavailable(error.to_string())); chunk.len()],
        };
        let mut sent = Vec::with_capacity(chunk.len());
        let mut refusal = None;
        for record in chunk {
            sent.push(match &refusal {
                Some(reason) => Err(PublishError::Unavailable(String::clone(reason))),
                None => enqueue(&producer, record),
            });
            if let Some(Err(PublishError::Unavailable(reason))) = sent.last() {
                refusal = Some(reason.clone());
            }
        }
        self.context.complaints.clear();
        let mut results = Vec::with_capacity(chunk.len());
        for sent in sent {
            results.push(match sent {
                Ok(delivery) => self.outcome(delivery, deadline).await,
                Err(error) => Err(error),
            });
        }
        results
    }

    async fn outcome(&self, delivery: DeliveryFuture, deadline: Instant) -> Result<(), PublishError> {
        match timeout_at(deadline, delivery).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err((error, _)))) => Err(refused(&error)),
            Ok(Err(_)) => Err(PublishError::Unavailable("the producer is gone".to_owned())),
            Err(_) => {
                let reason = self.context.complaints.last_or("no broker took it in time");
                Err(PublishError::Unavailable(reason))
            }
        }
    }

    /// Whether a broker answers and the topic has a leader.
    ///
    /// A producer that reaches nobody, while nothing is under way, is replaced: it may have forgotten every broker, as
    /// consumers do, and where nobody is ready nobody publishes either, which would replace it, too.
    pub(crate) async fn ready(&self, topic: String) -> Result<(), String> {
        let found = self.topics(Some(topic.clone()), READY_TIMEOUT).await;
        if found.is_err()
            && let Ok(_turn) = self.turn.try_lock()
        {
            self.retire();
        }
        match found?.get(&topic) {
            Some(Topic { is_led: true, .. }) => Ok(()),
            Some(_) => Err(format!("the topic `{topic}` has no leader")),
            None => Err(format!("there is no topic `{topic}`")),
        }
    }

    /// The topic as it is, or every topic. Waits for a broker until `timeout`; the error is what went wrong on the way.
    pub(crate) async fn topics(
        &self,
        topic: Option<String>,
        timeout: Duration,
    ) -> Result<HashMap<String, Topic>, String> {
        let producer = self.producer().map_err(|error| error.to_string())?;
        self.context.complaints.clear();
        let ask = move || {
            let metadata = producer.client().fetch_metadata(topic.as_deref(), timeout)?;
            // What is not there is answered, too, without partitions.
            let there = metadata.topics().iter().filter(|topic| !topic.partitions().is_empty());
            Ok(there
                .map(|topic| (topic.name().to_owned(), Topic::of(topic.partitions())))
                .collect())
        };
        let answer: Result<_, KafkaError> = match tokio::task::spawn_blocking(ask).await {
            Ok(answer) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        answer.map_err(|error| self.context.complaints.last_or(error))
    }

    /// Whether the producer met an error after which it takes nothing more.
    fn has_failed(&self) -> bool {
        let current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .is_some_and(|producer| producer.client().fatal_error().is_some())
    }

    /// The producer, made if need be.
    fn producer(&self) -> Result<Arc<Producer>, KafkaError> {
        let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*current {
            return Ok(producer.clone());
        }
        let producer = Arc::new(Producer::from_config_and_context(&self.settings, self.context.clone())?);
        Ok(current.insert(producer).clone())
    }

    /// Gives up whatever the producer still holds, and the producer.
    fn retire(&self) {
        let retired = self.producer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(producer) = retired {
            producer.purge(PurgeConfig::default().queue().inflight());
            // Its end waits for its thread.
            tokio::task::spawn_blocking(move || drop(producer));
        }
    }
}

/// The next records to hand over: at least one.
fn chunk(records: &[Outgoing]) -> &[Outgoing] {
    let mut bytes = 0;
    let fitting = records.iter().take(CHUNK_RECORDS_MAX).take_while(|record| {
        let fits = bytes < CHUNK_BYTES_MAX;
        bytes += record.bytes();
        fits
    });
    &records[..fitting.count()]
}

fn enqueue(producer: &Producer, record: &Outgoing) -> Result<DeliveryFuture, PublishError> {
    let outgoing = FutureRecord {
        topic: &record.topic,
        partition: record.partition,
        payload: record.body.as_deref(),
        key: record.key.as_deref(),
        timestamp: None,
        headers: Some(headers::write(&record.headers)),
    };
    producer.send_result(outgoing).map_err(|(error, _)| refused(&error))
}

fn refused(error: &KafkaError) -> PublishError {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::InvalidTopic,
        ) => PublishError::Invalid(error.to_string()),
        _ => PublishError::Unavailable(error.to_string()),
    }
}

/// Makes every record `Unavailable` that comes after an unavailable one of its key.
fn hold_order<'a>(keys: impl Iterator<Item = Option<&'a [u8]>>, results: &mut [Result<(), PublishError>]) {
    let mut held = HashSet::new();
    for (key, result) in keys.zip(results) {
        match result {
            Err(PublishError::Unavailable(_)) => {
                held.insert(key);
            }
            Ok(()) if held.contains(&key) => {
                *result = Err(PublishError::Unavailable(
                    "an earlier event of its key is not published".to_owned(),
                ));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use dayloom_ports::PublishError;

    use super::{CHUNK_BYTES_MAX, CHUNK_RECORDS_MAX, Outgoing, chunk, hold_order};

    fn outgoing(bytes: usize) -> Outgoing {
        Outgoing {
            topic: "t".to_owned(),
            partition: None,
            key: None,
            body: Some(vec![0; bytes]),
            headers: Vec::new(),
        }
    }

    #[test]
    fn what_follows_an_unavailable_record_of_its_key_is_unavailable() {
        let keys: [Option<&[u8]>; 6] = [Some(b"a"), Some(b"b"), Some(b"a"), Some(b"b"), Some(b"c"), Some(b"c")];
        let away = || Err(PublishError::Unavailable("away".to_owned()));
        let bad = || Err(PublishError::Invalid("bad".to_owned()));
        let mut results = [Ok(()), away(), Ok(()), Ok(()), bad(), Ok(())];
        hold_order(keys.into_iter(), &mut results);
        let fine: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(fine, [true, false, true, false, false, true]);
        assert!(matches!(results[4], Err(PublishError::Invalid(_))));
    }

    #[test]
    fn chunks_are_bounded_and_never_empty() {
        assert_eq!(
            chunk(&vec![outgoing(1); CHUNK_RECORDS_MAX + 1]).len(),
            CHUNK_RECORDS_MAX
        );
        assert_eq!(chunk(&[outgoing(2 * CHUNK_BYTES_MAX), outgoing(1)]).len(), 1);
        assert_eq!(
            chunk(&[outgoing(1), outgoing(2 * CHUNK_BYTES_MAX), outgoing(1)]).len(),
            2
        );
    }
}
