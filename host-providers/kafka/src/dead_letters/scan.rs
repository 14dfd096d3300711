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

impl ConsumerContext for Speaking {}

/// Reads the topic from offset `from` to its present end; letters that were replayed are left out. Blocks.
///
/// A mark always stands behind its letter, so nothing before `from` matters.
pub(super) fn read(config: &KafkaConfig, topic: &str, from: i64) -> Result<Vec<Letter>, DeadLetterError> {
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
    let from = from.max(low);
    let mut letters = BTreeMap::new();
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
                match Found::of(
                    offset,
                    message.key(),
                    headers::read(message.headers()),
                    message.payload(),
                ) {
                    Found::Letter(letter) => drop(letters.insert(offset, *letter)),
                    Found::Mark(replayed) => drop(letters.remove(&replayed)),
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
    Ok(letters.into_values().collect())
}
