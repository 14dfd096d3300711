//! Topics are there, and wide enough, before anybody publishes or listens.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::Subscription;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use crate::client::{Speaking, settings};
use crate::names::Names;
use crate::{KafkaConfig, OpenError};

/// Between two looks at topics that were just made.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Bytes of one dead letter: the broker's usual largest record (1 MiB) with the headers that say why it is dead.
const DEAD_LETTER_BYTES_MAX: &str = "2097152";

/// What a topic should be.
#[derive(Debug, PartialEq)]
struct Wanted {
    partitions: u16,
    settings: &'static [(&'static str, &'static str)],
}

/// Dead letters wait until somebody looks at them, so none expires.
const DEAD_LETTERS: Wanted = Wanted {
    partitions: 1,
    settings: &[("retention.ms", "-1"), ("max.message.bytes", DEAD_LETTER_BYTES_MAX)],
};

/// Replays are few.
const RETRIES: Wanted = Wanted {
    partitions: 1,
    settings: &[("max.message.bytes", DEAD_LETTER_BYTES_MAX)],
};

fn wanted(
    config: &KafkaConfig,
    names: &Names,
    published: &[String],
    subscriptions: &[Subscription],
) -> BTreeMap<String, Wanted> {
    let heard = subscriptions.iter().flat_map(|subscription| &subscription.topics);
    let mut topics: BTreeMap<String, Wanted> = published
        .iter()
        .chain(heard)
        .map(|topic| {
            let partitions = config.partitions_of(topic);
            (names.topic(topic), Wanted { partitions, settings: &[] })
        })
        .collect();
    for subscription in subscriptions {
        topics.insert(names.retry_topic(&subscription.component), RETRIES);
    }
    topics.insert(names.dead_letters_topic(), DEAD_LETTERS);
    topics
}

/// Makes what is missing, if it may, and checks the rest.
pub(crate) async fn ensure(
    config: &KafkaConfig,
    names: &Names,
    published: &[String],
    subscriptions: &[Subscription],
) -> Result<(), OpenError> {
    let deadline = Instant::now() + config.connect_timeout();
    let context = Speaking::default();
    let admin: AdminClient<Speaking> =
        rdkafka::config::FromClientConfigAndContext::from_config_and_context(&settings(config), context.clone())?;
    let admin = Arc::new(admin);
    let unreachable = |error: KafkaError| OpenError::Unreachable {
        brokers: config.bootstrap_servers.join(", "),
        waited_ms: config.connect_timeout_ms,
        reason: context.complaints.last_or(error),
    };

    let wanted = wanted(config, names, published, subscriptions);
    let found = widths(&admin, deadline).await.map_err(unreachable)?;
    let missing: Vec<&String> = wanted.keys().filter(|topic| !found.contains_key(*topic)).collect();
    if let Some(&topic) = missing.first() {
        if !config.create_topics {
            let (topic, partitions) = (topic.clone(), wanted[topic].partitions);
            return Err(OpenError::MissingTopic { topic, partitions });
        }
        create(config, &admin, &wanted, &missing).await?;
    }
    // A topic that was just made shows up a moment later, and takes records once its partitions have leaders.
    loop {
        let found = widths(&admin, deadline).await.map_err(unreachable)?;
        let absent = wanted.iter().find(|(topic, _)| !found.contains_key(*topic));
        match absent {
            None => return check(&wanted, &found),
            Some((topic, _)) if Instant::now() >= deadline => {
                let reason = "it has no leader yet".to_owned();
                return Err(OpenError::CreateTopic { topic: topic.clone(), reason });
            }
            Some(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
}

fn check(wanted: &BTreeMap<String, Wanted>, found: &HashMap<String, usize>) -> Result<(), OpenError> {
    for (topic, wanted) in wanted {
        let found = found.get(topic).copied().unwrap_or(0);
        if found < usize::from(wanted.partitions) {
            let (topic, wanted) = (topic.clone(), wanted.partitions);
            return Err(OpenError::TooFewPartitions { topic, found, wanted });
        }
    }
    Ok(())
}

async fn create(
    config: &KafkaConfig,
    admin: &AdminClient<Speaking>,
    wanted: &BTreeMap<String, Wanted>,
    missing: &[&String],
) -> Result<(), OpenError> {
    // -1 is the protocol's word for the broker's own default.
    let copies = config.replication_factor.map_or(-1, i32::from);
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|topic| {
            let Wanted { partitions, settings } = &wanted[*topic];
            let topic = NewTopic::new(topic, i32::from(*partitions), TopicReplication::Fixed(copies));
            settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        })
        .collect();
    let timeout = Some(config.connect_timeout());
    let options = AdminOptions::new().request_timeout(timeout).operation_timeout(timeout);
    for made in admin.create_topics(&topics, &options).await? {
        match made {
            Ok(topic) => tracing::info!(topic, "topic created"),
            // By another host, a moment ago.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(OpenError::CreateTopic { topic, reason: code.to_string() }),
        }
    }
    Ok(())
}

/// The number of partitions of every topic all of whose partitions have a leader.
async fn widths(admin: &Arc<AdminClient<Speaking>>, deadline: Instant) -> Result<HashMap<String, usize>, KafkaError> {
    let (admin, left) = (admin.clone(), deadline.saturating_duration_since(Instant::now()));
    // Not zero, which would ask nobody.
    let left = left.max(LOOK_INTERVAL);
    let look = move || {
        let metadata = admin.inner().fetch_metadata(None, left)?;
        let led = metadata.topics().iter().filter(|topic| {
            let partitions = topic.partitions();
            !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0)
        });
        Ok(led.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect())
    };
    match tokio::task::spawn_blocking(look).await {
        Ok(widths) => widths,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
