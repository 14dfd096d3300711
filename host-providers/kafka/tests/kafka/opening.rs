//! What a start makes, checks and refuses.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dayloom_kafka::{KafkaConfig, KafkaEvents, OpenError};
use dayloom_ports::EventPublisher as _;

use crate::support::{config, connect, subscription};

async fn refused(config: KafkaConfig, published: &[&str]) -> OpenError {
    let published: Vec<String> = published.iter().map(ToString::to_string).collect();
    let Err(error) = KafkaEvents::connect(config, &published, &[subscription("a")]).await else {
        panic!("it connected")
    };
    assert!(!error.to_string().contains('\n'), "{error}");
    error
}

#[tokio::test]
async fn missing_topics_are_made_as_wide_as_configured() {
    let made = KafkaConfig {
        partitions_default: 4,
        ..config()
    };
    connect(&made, &[subscription("a")]).await;
    // A second start finds them, and they are no wider than that.
    connect(&made, &[subscription("a")]).await;
    for (topic, found) in [("things", 4), ("narrow", 1)] {
        let wider = KafkaConfig {
            partitions: BTreeMap::from([("narrow".to_owned(), 1), (topic.to_owned(), found + 1)]),
            ..made.clone()
        };
        let error = refused(wider, &["things", "narrow"]).await;
        let OpenError::TooFewPartitions {
            topic: named,
            found: has,
            wanted,
        } = &error
        else {
            panic!("{error}")
        };
        assert!(named.ends_with(topic), "{error}");
        assert_eq!((*has, *wanted), (usize::from(found), found + 1));
    }
}

#[tokio::test]
async fn a_missing_topic_is_named_if_it_may_not_be_made() {
    let strict = KafkaConfig {
        create_topics: false,
        ..config()
    };
    let error = refused(strict.clone(), &["absent"]).await;
    assert!(matches!(error, OpenError::MissingTopic { .. }), "{error}");
    assert!(error.to_string().contains("create_topics"), "{error}");
    // Once they are there, it may not make any and need not.
    connect(
        &KafkaConfig {
            create_topics: true,
            ..strict.clone()
        },
        &[subscription("a")],
    )
    .await;
    connect(&strict, &[subscription("a")]).await;
}

#[tokio::test]
async fn a_broker_that_is_away_is_said_after_a_bounded_time() {
    let away = KafkaConfig {
        bootstrap_servers: vec!["127.0.0.1:1".to_owned()],
        connect_timeout_ms: 1_000,
        ..config()
    };
    let started = Instant::now();
    let error = refused(away, &["things"]).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn more_copies_than_brokers_are_refused_by_the_broker() {
    let many = KafkaConfig {
        replication_factor: Some(99),
        ..config()
    };
    let error = refused(many, &["things"]).await;
    assert!(matches!(error, OpenError::CreateTopic { .. }), "{error}");
}

#[tokio::test]
async fn subscriptions_that_contradict_each_other_are_refused() {
    let twice = [subscription("a"), subscription("a")];
    let Err(error) = KafkaEvents::connect(config(), &[], &twice).await else {
        panic!("it connected")
    };
    assert!(error.to_string().contains("`a` has two subscriptions"), "{error}");
}

#[tokio::test]
async fn ready_says_so() {
    let events = connect(&config(), &[]).await;
    assert_eq!(events.ready().await, Ok(()));
}
