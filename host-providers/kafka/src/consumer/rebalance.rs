use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{Statistics, TopicPartitionList};

use super::brokers::Brokers;
use super::lanes::Lanes;
use crate::client;

/// How long a rebalance waits for the calls under way. The other members of the group wait as long.
const REVOKE_WAIT_MAX: Duration = Duration::from_secs(10);

/// What happens to the lanes when the group's partitions move. All of it runs on the polling thread, inside a poll.
pub(super) struct Membership {
    lanes: Mutex<Lanes>,
    pub(super) brokers: Brokers,
}

impl Membership {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self {
            lanes: Mutex::new(lanes),
            brokers: Brokers::default(),
        }
    }

    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets calls end, commits, and only then lets the partitions go: the next member begins where this one ended.
    fn revoke(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        let offsets = self
            .lanes()
            .release(places(partitions), Instant::now() + REVOKE_WAIT_MAX)?;
        if offsets.count() == 0 {
            return Ok(());
        }
        consumer.commit(&offsets, CommitMode::Sync)
    }

    /// Others have these partitions already: their commits count. Nothing is waited for.
    fn lose(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        self.lanes().release(places(partitions), Instant::now()).map(drop)
    }
}

fn places(partitions: &TopicPartitionList) -> impl Iterator<Item = (String, i32)> {
    let elements = partitions.elements().into_iter();
    elements.map(|element| (element.topic().to_owned(), element.partition()))
}

impl ConsumerContext for Membership {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let result = match rebalance {
            Rebalance::Assign(_) => Ok(()),
            Rebalance::Revoke(partitions) if consumer.assignment_lost() => {
                tracing::warn!(
                    partitions = partitions.count(),
                    "partitions were lost; their events go to others"
                );
                self.lose(partitions)
            }
            Rebalance::Revoke(partitions) => self.revoke(consumer, partitions),
            Rebalance::Error(error) => Err(error.clone()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "progress was not written down at a rebalance; some events come again");
        }
    }

    /// A pause of an earlier assignment would hold on.
    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(partitions) = rebalance
            && partitions.count() > 0
            && let Err(error) = consumer.resume(partitions)
        {
            tracing::warn!(%error, "new partitions were not resumed");
        }
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    /// Said in the log as well.
    fn error(&self, _: KafkaError, _: &str) {}

    fn stats(&self, statistics: Statistics) {
        self.brokers.note(&statistics);
        let mut lanes = self.lanes();
        for (topic, partition) in statistics.topics.values().flat_map(|topic| {
            topic
                .partitions
                .values()
                .map(move |partition| (topic.topic.as_str(), partition))
        }) {
            if partition.fetch_state == "active" && partition.hi_offset >= 0 {
                lanes.lag(
                    topic,
                    partition.partition,
                    partition.hi_offset,
                    partition.committed_offset,
                );
            }
        }
    }
}
