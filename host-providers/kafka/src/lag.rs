//! How far consumer groups are behind, asked from outside.

use dayloom_ports::Subscription;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{Speaking, settings};
use crate::names::Names;
use crate::{KafkaConfig, OpenError};

/// Records that the groups of these subscriptions have not settled yet, replays included.
///
/// # Errors
/// If the configuration contradicts itself, or the brokers do not answer in time.
pub async fn lag(config: &KafkaConfig, subscriptions: &[Subscription]) -> Result<u64, OpenError> {
    config.validate()?;
    let (config, subscriptions) = (config.clone(), subscriptions.to_vec());
    let behind = move || {
        let names = Names::new(&config);
        subscriptions
            .iter()
            .map(|subscription| of_group(&config, &names, subscription))
            .sum()
    };
    match tokio::task::spawn_blocking(behind).await {
        Ok(lag) => lag,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn of_group(config: &KafkaConfig, names: &Names, subscription: &Subscription) -> Result<u64, OpenError> {
    let mut settings = settings(config);
    settings.set("group.id", names.group(&subscription.component));
    let context = Speaking::default();
    let consumer: BaseConsumer<Speaking> = BaseConsumer::from_config_and_context(&settings, context.clone())?;
    let timeout = config.connect_timeout();
    let ask = || -> Result<u64, KafkaError> {
        let mut partitions = TopicPartitionList::new();
        for topic in names.heard_by(subscription) {
            let metadata = consumer.fetch_metadata(Some(&topic), timeout)?;
            for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
                partitions.add_partition(&topic, partition.id());
            }
        }
        let mut behind = 0;
        for committed in consumer.committed_offsets(partitions, timeout)?.elements() {
            let (first, end) = consumer.fetch_watermarks(committed.topic(), committed.partition(), timeout)?;
            let next = match committed.offset() {
                Offset::Offset(offset) => offset.max(first),
                _ => first,
            };
            behind += (end - next).max(0).cast_unsigned();
        }
        Ok(behind)
    };
    ask().map_err(|error| OpenError::Unreachable {
        brokers: config.bootstrap_servers.join(", "),
        waited_ms: config.connect_timeout_ms,
        reason: context.complaints.last_or(error),
    })
}
