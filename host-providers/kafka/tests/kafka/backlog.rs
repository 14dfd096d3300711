//! A subscriber that was away.

use std::collections::HashMap;

use dayloom_kafka::lag;
use dayloom_ports::Subscription;
use dayloom_ports::conformance::delivery_fixture::Sink;

use crate::support::{Consuming, config, connect, publish, record, subscription};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_events_are_worked_off_after_a_stop_each_once() {
    let config = config();
    let subscriptions = vec![Subscription {
        batch: 100,
        ..subscription("a")
    }];
    let events = connect(&config, &subscriptions).await;
    let first = Sink::done();
    let consuming = Consuming::start(&events, subscriptions.clone(), first.clone());
    publish(&events, vec![record("k0", "before")]).await;
    first.until(|seen| seen.len() == 1).await;
    consuming.stop().await;

    // Large enough that neither the window nor the client's own buffer holds them all.
    let body = |n: usize| format!("{n:05}{}", "x".repeat(2_000));
    publish(
        &events,
        (0..10_000).map(|n| record(&format!("k{}", n % 97), body(n))).collect(),
    )
    .await;
    let behind = async || lag(&config, &subscriptions).await.expect("the brokers answer");
    assert_eq!(behind().await, 10_000);
    let sink = Sink::done();
    let consuming = Consuming::start(&events, subscriptions.clone(), sink.clone());
    sink.until(|seen| seen.len() >= 10_000).await;
    consuming.stop().await;
    assert_eq!(behind().await, 0);

    let seen = sink.seen();
    assert_eq!(seen.len(), 10_000);
    let mut last: HashMap<String, Vec<u8>> = HashMap::new();
    for (_, delivery) in seen {
        let before = last.insert(delivery.key, delivery.body.clone());
        assert!(before.is_none_or(|before| before < delivery.body));
    }
    assert_eq!(last.len(), 97);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_s_trouble_does_not_stop_its_partition() {
    let config = config();
    let subscriptions = vec![Subscription {
        topics: vec!["narrow".to_owned()],
        attempts_max: 1_000,
        ..subscription("a")
    }];
    let events = connect(&config, &subscriptions).await;
    let sink = Sink::new(|_, delivery| match delivery.key.as_str() {
        "bad" => dayloom_ports::Outcome::Retry("never".to_owned()),
        _ => dayloom_ports::Outcome::Done,
    });
    let consuming = Consuming::start(&events, subscriptions, sink.clone());
    let on_narrow = |key: &str, body: &str| dayloom_ports::Record {
        topic: "narrow".to_owned(),
        ..record(key, body)
    };
    publish(&events, vec![on_narrow("bad", "first"), on_narrow("bad", "second")]).await;
    publish(&events, (0..200).map(|n| on_narrow(&format!("k{n}"), "good")).collect()).await;
    sink.until(|seen| seen.iter().filter(|(_, delivery)| delivery.body == b"good").count() == 200)
        .await;
    consuming.stop().await;
    assert_eq!(sink.first_bodies("a", "bad")[0], "first");
}
