//! Topics are there, and wide enough, before anybody publishes or listens.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use dayloom_ports::Subscription;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::RDKafkaErrorCode;
use tokio::time::Instant;

use crate::client::{Speaking, settings};
use crate::names::Names;
use crate::publisher::{Publisher, Topic};
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
            (
                names.topic(topic),
                Wanted {
                    partitions,
                    settings: &[],
                },
            )
        })
        .collect();
    for subscription in subscriptions {
        topics.insert(names.retry_topic(&subscription.component), RETRIES);
    }
    topics.insert(names.dead_letters_topic(), DEAD_LETTERS);
    topics
}

/// Topics that [`ensure`] would make, if they may be made; checks the rest and changes nothing.
pub(crate) async fn missing(
    config: &KafkaConfig,
    names: &Names,
    publisher: &Publisher,
    published: &[String],
    subscriptions: &[Subscription],
) -> Result<Vec<String>, OpenError> {
    let mut wanted = wanted(config, names, published, subscriptions);
    let found = publisher.topics(None, config.connect_timeout()).await;
    let found = found.map_err(|reason| OpenError::Unreachable {
        brokers: config.bootstrap_servers.join(", "),
        waited_ms: config.connect_timeout_ms,
        reason,
    })?;
    let missing: Vec<String> = wanted
        .keys()
        .filter(|topic| !found.contains_key(*topic))
        .cloned()
        .collect();
    if let Some(topic) = missing.first().filter(|_| !config.create_topics) {
        let (topic, partitions) = (topic.clone(), wanted[topic].partitions);
        return Err(OpenError::MissingTopic { topic, partitions });
    }
    wanted.retain(|topic, _| found.contains_key(topic));
    match without_leader(&wanted, &found)? {
        None => Ok(missing),
        Some(topic) => Err(OpenError::NoLeader {
            topic: topic.clone(),
            waited_ms: config.connect_timeout_ms,
        }),
    }
}

/// Makes what is missing, if it may, and checks the rest.
pub(crate) async fn ensure(
    config: &KafkaConfig,
    names: &Names,
    publisher: &Publisher,
    published: &[String],
    subscriptions: &[Subscription],
) -> Result<(), OpenError> {
    let deadline = Instant::now() + config.connect_timeout();
    // Not zero, which would ask nobody.
    let look = || {
        publisher.topics(
            None,
            deadline.saturating_duration_since(Instant::now()).max(LOOK_INTERVAL),
        )
    };
    let unreachable = |reason: String| OpenError::Unreachable {
        brokers: config.bootstrap_servers.join(", "),
        waited_ms: config.connect_timeout_ms,
        reason,
    };

    let wanted = wanted(config, names, published, subscriptions);
    let found = look().await.map_err(unreachable)?;
    let missing: Vec<&String> = wanted.keys().filter(|topic| !found.contains_key(*topic)).collect();
    if let Some(&topic) = missing.first() {
        if !config.create_topics {
            let (topic, partitions) = (topic.clone(), wanted[topic].partitions);
            return Err(OpenError::MissingTopic { topic, partitions });
        }
        create(config, &wanted, &missing).await?;
    }
    // A topic that was just made shows up a moment later, and takes records once its partitions have leaders.
    loop {
        let found = look().await.map_err(unreachable)?;
        match without_leader(&wanted, &found)? {
            None => return Ok(()),
            Some(topic) if Instant::now() >= deadline => {
                return Err(OpenError::NoLeader {
                    topic: topic.clone(),
                    waited_ms: config.connect_timeout_ms,
                });
            }
            Some(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
}

/// The first topic that does not take records yet. One that is too narrow is an error.
fn without_leader<'a>(
    wanted: &'a BTreeMap<String, Wanted>,
    found: &HashMap<String, Topic>,
) -> Result<Option<&'a String>, OpenError> {
    for (topic, wanted) in wanted {
        let Some(found) = found.get(topic) else { continue };
        if found.partitions < usize::from(wanted.partitions) {
            return Err(OpenError::TooFewPartitions {
                topic: topic.clone(),
                found: found.partitions,
                wanted: wanted.partitions,
            });
        }
    }
    let is_led = |topic: &str| found.get(topic).is_some_and(|topic| topic.is_led);
    Ok(wanted.keys().find(|topic| !is_led(topic)))
}

async fn create(config: &KafkaConfig, wanted: &BTreeMap<String, Wanted>, missing: &[&String]) -> Result<(), OpenError> {
    let admin = AdminClient::from_config_and_context(&settings(config), Speaking::default())?;
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
            Err((topic, code)) => {
                return Err(OpenError::CreateTopic {
                    topic,
                    reason: code.to_string(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::{RETRIES, without_leader};
    use crate::OpenError;
    use crate::publisher::Topic;

    #[test]
    fn a_topic_without_a_leader_is_waited_for_and_a_narrow_one_is_not() {
        let wanted = BTreeMap::from(["a", "b"].map(|topic| (topic.to_owned(), RETRIES)));
        let found = |partitions, is_led| {
            let b = Topic { partitions, is_led };
            HashMap::from([("a".to_owned(), Topic { is_led: true, ..b }), ("b".to_owned(), b)])
        };
        let waits = |found| without_leader(&wanted, &found).map(Option::<&String>::cloned);
        assert!(matches!(waits(found(1, true)), Ok(None)));
        assert!(matches!(waits(found(1, false)), Ok(Some(topic)) if topic == "b"));
        // It was just made, and is not known everywhere.
        assert!(matches!(waits(HashMap::new()), Ok(Some(topic)) if topic == "a"));
        assert!(matches!(
            waits(found(0, false)),
            Err(OpenError::TooFewPartitions { .. })
        ));
    }
}
