use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::format::{Found, Letter};
use super::{DEAD_LETTERS_PARTITION, DeadLetterError};
use crate::client::{Speaking, settings};
use crate::{KafkaConfig, OpenError, headers};

/// The reader joins no group and commits nothing; the client wants a name all the same.
const GROUP: &str = "dead-letters-reader";

/// How long one poll waits. Only shows in how soon silence is noticed.
const POLL: Duration = Duration::from_millis(100);

/// Offsets of the dead-letter topic.
#[derive(Debug, Clone)]
pub(super) struct Within {
    pub(super) from: i64,
    /// The first that is not read any more; none for the topic's end.
    pub(super) to: Option<i64>,
}

impl ConsumerContext for Speaking {}

/// Reads the offsets `within` of the topic, and no further than its present end. Of each letter that was not replayed
/// it returns what `keep` makes of it, so that only what is asked for is held in memory. Blocks.
///
/// A mark stands behind its letter, whose replay it says: to see all marks, leave the end open.
pub(super) fn read<T>(
    config: &KafkaConfig,
    topic: &str,
    within: &Within,
    keep: impl Fn(Letter) -> Option<T>,
) -> Result<Vec<T>, DeadLetterError> {
    let mut settings = settings(config);
    settings
        .set("group.id", format!("{}{GROUP}", config.group_prefix))
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true");
    let context = Speaking::default();
    let consumer: BaseConsumer<Speaking> = BaseConsumer::from_config_and_context(&settings, context.clone())?;
    let unreachable = |reason: String| {
        DeadLetterError::Open(OpenError::Unreachable {
            brokers: config.bootstrap_servers.join(", "),
            waited_ms: config.connect_timeout_ms,
            reason,
        })
    };
    let (low, high) = match consumer.fetch_watermarks(topic, DEAD_LETTERS_PARTITION, config.connect_timeout()) {
        Ok(watermarks) => watermarks,
        Err(KafkaError::MetadataFetch(
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::UnknownTopic,
        )) => {
            let (topic, partitions) = (topic.to_owned(), 1);
            return Err(OpenError::MissingTopic { topic, partitions }.into());
        }
        Err(error) => return Err(unreachable(context.complaints.last_or(error))),
    };
    let from = within.from.max(low);
    let high = within.to.map_or(high, |to| to.min(high));
    let mut kept = BTreeMap::new();
    if from >= high {
        return Ok(Vec::new());
    }
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, DEAD_LETTERS_PARTITION, Offset::Offset(from))?;
    consumer.assign(&assignment)?;
    let mut heard = Instant::now();
    loop {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                heard = Instant::now();
                let offset = message.offset();
                if offset >= high {
                    break;
                }
                match Found::of(
                    offset,
                    message.key(),
                    headers::read(message.headers()),
                    message.payload(),
                ) {
                    Found::Letter(letter) => kept.extend(keep(*letter).map(|kept| (offset, kept))),
                    Found::Mark(replayed) => drop(kept.remove(&replayed)),
                    Found::Foreign => {}
                }
                if offset + 1 >= high {
                    break;
                }
            }
            // The last records may not be letters but the broker's own.
            Some(Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => context.complaints.note(error.to_string()),
            None => {}
        }
        if heard.elapsed() >= config.connect_timeout() {
            return Err(unreachable(context.complaints.last_or("no record came")));
        }
    }
    Ok(kept.into_values().collect())
}
