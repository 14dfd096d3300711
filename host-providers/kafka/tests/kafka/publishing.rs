//! Records as they lie in the topic.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dayloom_kafka::KafkaConfig;
use dayloom_ports::limits::EVENT_BODY_BYTES_MAX;
use dayloom_ports::{EventPublisher as _, PublishError};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _, OwnedMessage};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::support::{broker, config, connect, publish, record};

/// What another client reads of the topic `things`, partition by partition.
fn read(config: &KafkaConfig, count: usize) -> Vec<OwnedMessage> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker())
        .set("group.id", "another-client")
        .create()
        .expect("a client");
    let mut partitions = TopicPartitionList::new();
    for partition in 0..3 {
        let topic = format!("{}things", config.topic_prefix);
        partitions
            .add_partition_offset(&topic, partition, Offset::Beginning)
            .expect("a partition");
    }
    consumer.assign(&partitions).expect("an assignment");
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut messages = Vec::new();
    while messages.len() < count && Instant::now() < deadline {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            messages.push(message.expect("a record").detach());
        }
    }
    assert_eq!(messages.len(), count);
    messages
}

#[tokio::test]
async fn a_record_is_a_structured_cloud_event_with_its_key() {
    let config = config();
    let events = connect(&config, &[]).await;
    let published = record("the key", r#"{"specversion":"1.0"}"#);
    assert_eq!(events.publish(vec![published.clone()]).await, [Ok(())]);
    let message = read(&config, 1).remove(0);
    assert_eq!(message.key(), Some(&b"the key"[..]));
    assert_eq!(message.payload(), Some(&published.body[..]));
    let headers: HashMap<String, String> = message
        .headers()
        .expect("headers")
        .iter()
        .map(|header| {
            (
                header.key.to_owned(),
                String::from_utf8_lossy(header.value.expect("a value")).into_owned(),
            )
        })
        .collect();
    let expected = [
        ("ce_id", published.event_id.as_str()),
        ("ce_type", "thing.made"),
        ("content-type", "application/cloudevents+json"),
    ];
    assert_eq!(
        headers,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    );
}

/// The default partitioner of the Java client: 32-bit MurmurHash2 with Kafka's seed, made positive.
fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ u32::try_from(key.len()).expect("a short key");
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[tokio::test]
async fn keys_lie_where_java_clients_put_them() {
    // From the tests of the Java client.
    for (key, hash) in [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
    ] {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
    }
    let config = config();
    let events = connect(&config, &[]).await;
    let keys = (0..50).map(|n| format!("{n}-key-{}", "x".repeat(n % 5)));
    publish(&events, keys.map(|key| record(&key, "{}")).collect()).await;
    for message in read(&config, 50) {
        let expected = (murmur2(message.key().expect("a key")) & 0x7fff_ffff) % 3;
        assert_eq!(u32::try_from(message.partition()), Ok(expected));
    }
}

#[tokio::test]
async fn a_record_over_the_broker_s_limit_is_invalid_and_the_others_are_taken() {
    let config = config();
    let events = connect(&config, &[]).await;
    let large = record("k", vec![b'x'; 3 * 1024 * 1024]);
    let mut records = vec![record("k", "1"), large, record("k", "2"), record("other", "3")];
    let results = events.publish(records.clone()).await;
    assert!(matches!(results[1], Err(PublishError::Invalid(_))), "{results:?}");
    // The others are taken at once, or may come again; the order of a key is kept either way.
    let mut results = results.into_iter();
    records.retain(|_| matches!(results.next(), Some(Err(PublishError::Unavailable(_)))));
    publish(&events, records).await;
    let mut bodies: HashMap<Vec<u8>, Vec<Vec<u8>>> = HashMap::new();
    for message in read(&config, 3) {
        let body = message.payload().expect("a body").to_vec();
        bodies
            .entry(message.key().expect("a key").to_vec())
            .or_default()
            .push(body);
    }
    assert_eq!(bodies[&b"k"[..]], [b"1", b"2"]);
    assert_eq!(bodies[&b"other"[..]], [b"3"]);
}

#[tokio::test]
async fn more_than_the_client_s_queue_holds_is_published_in_order() {
    let config = config();
    let events = connect(&config, &[]).await;
    let body = |n: usize| format!("{n:05}{}", "x".repeat(EVENT_BODY_BYTES_MAX - 5));
    let results = events
        .publish((0..400).map(|n| record(&format!("k{}", n % 5), body(n))).collect())
        .await;
    assert!(results.iter().all(Result::is_ok));
    let mut last: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    for message in read(&config, 400) {
        let number = message.payload().expect("a body")[..5].to_vec();
        let before = last.insert(message.key().expect("a key").to_vec(), number.clone());
        assert!(before.is_none_or(|before| before < number));
    }
}
