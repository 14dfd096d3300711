//! What a subscriber could not take, and getting it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use dayloom_kafka::{DeadLetterError, DeadLetters, KafkaConfig, OpenError};
use dayloom_ports::conformance::delivery_fixture::{Sink, eventually};
use dayloom_ports::{Outcome, Record, Replay, Subscription};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use crate::support::{Consuming, broker, config, connect, publish, record, subscription};

fn open(config: &KafkaConfig) -> DeadLetters {
    DeadLetters::open(config.clone()).expect("the configuration is valid")
}

async fn count(letters: &DeadLetters) -> usize {
    letters.list(None, -1, usize::MAX).await.expect("they are read").len()
}

#[tokio::test]
async fn a_replay_goes_to_the_subscriber_that_could_not_take_it_and_counts_on() {
    let config = config();
    let subscriptions = vec![
        Subscription {
            types: vec!["thing.made".to_owned()],
            ..subscription("a")
        },
        subscription("b"),
    ];
    let events = connect(&config, &subscriptions).await;
    let letters = open(&config);
    let is_well = Arc::new(AtomicBool::new(false));
    let well = is_well.clone();
    let sink = Sink::new(move |component, delivery| match (component, &delivery.body[..]) {
        ("a", b"bad") if !well.load(SeqCst) => Outcome::Reject("can not read it".to_owned()),
        _ => Outcome::Done,
    });
    let consuming = Consuming::start(&events, subscriptions.clone(), sink.clone());
    let bad = record("k", "bad");
    publish(&events, vec![bad.clone(), record("k", "good")]).await;
    eventually("a dead letter", async || count(&letters).await == 1).await;

    let first = letters.list(Some("a"), -1, 10).await.expect("they are read").remove(0);
    assert_eq!(
        (first.event_id.as_str(), first.event_type.as_str()),
        (bad.event_id.as_str(), "thing.made")
    );
    assert_eq!(
        (first.topic.as_str(), first.key.as_str(), first.attempts),
        ("things", "k", 1)
    );
    assert!(first.timestamp.is_some() && 0 < first.first_failed_at && first.first_failed_at <= first.last_failed_at);
    assert!(letters.list(Some("b"), -1, 10).await.expect("they are read").is_empty());
    assert!(
        letters
            .list(None, first.id, 10)
            .await
            .expect("they are read")
            .is_empty()
    );
    let shown = letters.show(first.id).await.expect("it is read").expect("it is there");
    assert_eq!(shown, (first.clone(), Some(b"bad".to_vec())));
    assert_eq!(letters.show(first.id + 1).await.expect("it is read"), None);

    // Still ill: a new letter, which counts on and knows where it came from at first.
    assert_eq!(letters.replay(&Replay::One(first.id)).await.expect("it is replayed"), 1);
    assert_eq!(
        letters
            .replay(&Replay::One(first.id))
            .await
            .expect("it is replayed already"),
        0
    );
    eventually("another letter", async || count(&letters).await == 1).await;
    let second = letters.list(None, -1, 10).await.expect("they are read").remove(0);
    assert!(second.id > first.id && second.last_failed_at >= first.last_failed_at);
    assert_eq!((second.attempts, second.first_failed_at), (2, first.first_failed_at));
    assert_eq!(
        (second.topic, second.partition, second.offset),
        (first.topic, first.partition, first.offset)
    );

    is_well.store(true, SeqCst);
    assert_eq!(
        letters
            .replay(&Replay::AllOf("b".to_owned()))
            .await
            .expect("nothing to replay"),
        0
    );
    assert_eq!(
        letters
            .replay(&Replay::AllOf("a".to_owned()))
            .await
            .expect("it is replayed"),
        1
    );
    sink.until(|seen| {
        seen.iter()
            .filter(|(component, d)| &**component == "a" && d.body == b"bad")
            .count()
            == 3
    })
    .await;
    assert_eq!(count(&letters).await, 0);
    consuming.stop().await;
    assert_eq!(sink.bodies("b").iter().filter(|body| *body == "bad").count(), 1);
    for (_, delivery) in sink.seen() {
        assert_eq!((delivery.topic.as_str(), delivery.attempt), ("things", 1));
    }
}

#[tokio::test]
async fn more_letters_than_are_held_at_a_time_are_replayed_in_their_order() {
    let config = config();
    let subscriptions = vec![Subscription {
        topics: vec!["narrow".to_owned()],
        ..subscription("a")
    }];
    let events = connect(&config, &subscriptions).await;
    let is_well = Arc::new(AtomicBool::new(false));
    let well = is_well.clone();
    let sink = Sink::new(move |_, _| match well.load(SeqCst) {
        true => Outcome::Done,
        false => Outcome::Reject("no".to_owned()),
    });
    let consuming = Consuming::start(&events, subscriptions, sink.clone());
    let bodies: Vec<String> = (0..50).map(|n| format!("{n:02}")).collect();
    let on_narrow = |body: &String| Record {
        topic: "narrow".to_owned(),
        ..record("k", body.as_bytes())
    };
    publish(&events, bodies.iter().map(on_narrow).collect()).await;
    let letters = open(&config);
    eventually("all are dead letters", async || count(&letters).await == 50).await;
    let page = letters.list(None, 0, 10).await.expect("they are read");
    assert_eq!(
        page.iter().map(|letter| letter.id).collect::<Vec<_>>(),
        (1..11).collect::<Vec<_>>()
    );

    is_well.store(true, SeqCst);
    let all = Replay::AllOf("a".to_owned());
    assert_eq!(letters.replay(&all).await.expect("they are replayed"), 50);
    sink.until(|seen| seen.len() == 100).await;
    consuming.stop().await;
    assert_eq!(sink.bodies("a")[50..], bodies);
    assert_eq!(count(&letters).await, 0);
}

#[tokio::test]
async fn a_letter_too_large_for_its_topic_is_kept_without_its_event() {
    let config = config();
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", broker())
        .create()
        .expect("a client");
    let name = format!("{}dead-letters", config.topic_prefix);
    let small = NewTopic::new(&name, 1, TopicReplication::Fixed(1)).set("max.message.bytes", "4096");
    admin
        .create_topics([&small], &AdminOptions::new())
        .await
        .expect("an answer")[0]
        .as_ref()
        .expect("a topic");

    let subscriptions = vec![subscription("a")];
    let events = connect(&config, &subscriptions).await;
    let sink = Sink::new(|_, delivery| match delivery.body.len() {
        ..100 => Outcome::Done,
        _ => Outcome::Reject("too much".to_owned()),
    });
    let consuming = Consuming::start(&events, subscriptions, sink.clone());
    publish(&events, vec![record("k", vec![b'x'; 20_000]), record("k", "small")]).await;
    let letters = open(&config);
    eventually("a dead letter", async || count(&letters).await == 1).await;
    sink.until(|seen| seen.iter().any(|(_, delivery)| delivery.body == b"small"))
        .await;
    consuming.stop().await;
    let id = letters.list(None, -1, 10).await.expect("they are read")[0].id;
    let (letter, body) = letters.show(id).await.expect("it is read").expect("it is there");
    assert_eq!(
        (letter.reason.as_str(), letter.topic.as_str(), body),
        ("too much", "things", None)
    );
    let error = letters
        .replay(&Replay::One(id))
        .await
        .expect_err("there is nothing to replay");
    assert!(matches!(error, DeadLetterError::WithoutBody { .. }), "{error}");
}

#[tokio::test]
async fn without_the_topic_there_is_one_clear_line() {
    let error = open(&config()).list(None, -1, 1).await.expect_err("there is no topic");
    assert!(
        matches!(error, DeadLetterError::Open(OpenError::MissingTopic { .. })),
        "{error}"
    );
}
