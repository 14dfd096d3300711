//! A broker that dies under load. In a test program of its own, because others would lose their broker, too.

#[path = "../kafka/support.rs"]
mod support;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use dayloom_kafka::{DeadLetters, KafkaConfig, KafkaEvents};
use dayloom_ports::conformance::delivery_fixture::{Sink, eventually};
use dayloom_ports::{ComponentId, Delivery, EventPublisher as _, Outcome, PublishError, Subscription};
use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::time::sleep;

use support::{Consuming, config, connect, publish, record, subscription};

/// A script that is called with `start`, `stop` or `kill` and acts on that very broker.
const CONTROL: &str = "DAYLOOM_TEST_KAFKA_CTL";

/// There is one broker to kill.
static BROKER: Mutex<()> = Mutex::const_new(());

/// Acts on the broker and waits until that is done.
async fn control(action: &str) {
    let script = std::env::var(CONTROL).unwrap_or_else(|_| {
        panic!("{CONTROL} names no script that starts and kills the broker, such as manifests/local/kafka.sh")
    });
    let action = action.to_owned();
    let run = move || std::process::Command::new(script).arg(&action).status();
    let status = tokio::task::spawn_blocking(run)
        .await
        .expect("it does not panic")
        .expect("the script runs");
    assert!(status.success(), "{status}");
}

fn distinct(seen: &[(ComponentId, Delivery)]) -> usize {
    seen.iter()
        .map(|(_, delivery)| (&delivery.key, &delivery.body))
        .collect::<HashSet<_>>()
        .len()
}

fn assert_first_arrivals_are_in_order(sink: &Sink) {
    let mut known = HashSet::new();
    let mut last: HashMap<String, Vec<u8>> = HashMap::new();
    for (_, delivery) in sink.seen() {
        if known.insert((delivery.key.clone(), delivery.body.clone())) {
            let before = last.insert(delivery.key.clone(), delivery.body.clone());
            assert!(before.is_none_or(|before| before < delivery.body), "{}", delivery.key);
        }
    }
}

/// Publishes `rounds` events of each of twenty keys, as a relay does.
async fn relay(events: Arc<KafkaEvents>, rounds: usize) {
    for round in 0..rounds {
        publish(
            &events,
            (0..20)
                .map(|n| record(&format!("k{n}"), format!("{round:05}")))
                .collect(),
        )
        .await;
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_killed_and_started_under_load_loses_and_reorders_nothing() {
    let _broker = BROKER.lock().await;
    // Short, so that batches are given up while it is down and come again.
    let config = KafkaConfig {
        publish_timeout_ms: 1_500,
        ..config()
    };
    let subscriptions = vec![subscription("a")];
    let events = connect(&config, &subscriptions).await;
    let sink = Sink::new(|_, delivery| match (&delivery.body[..], delivery.attempt) {
        ([.., b'7'], 1) => Outcome::Retry("not yet".to_owned()),
        ([.., b'9'], _) => Outcome::Reject("never".to_owned()),
        _ => Outcome::Done,
    });
    let consuming = Consuming::start(&events, subscriptions.clone(), sink.clone());
    let publishing = tokio::spawn(relay(events.clone(), 300));
    for _ in 0..2 {
        sleep(Duration::from_secs(2)).await;
        control("kill").await;
        sleep(Duration::from_secs(4)).await;
        control("start").await;
    }
    publishing.await.expect("it publishes");
    sink.until(|seen| distinct(seen) == 6_000).await;
    consuming.stop().await;
    assert_first_arrivals_are_in_order(&sink);
    let letters = DeadLetters::open(config).expect("the configuration is valid");
    let letters = letters.list(None, -1, usize::MAX).await.expect("they are read");
    let dead: HashSet<String> = letters.into_iter().map(|letter| letter.event_id).collect();
    assert_eq!(dead.len(), 600, "every tenth event");

    // What was done is written down: only something new comes.
    let again = Sink::done();
    let consuming = Consuming::start(&events, subscriptions, again.clone());
    publish(&events, vec![record("k0", "new")]).await;
    again.until(|seen| !seen.is_empty()).await;
    consuming.stop().await;
    assert_eq!(again.bodies("a"), ["new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_broker_is_away_everything_is_unavailable_in_bounded_time() {
    let _broker = BROKER.lock().await;
    let config = KafkaConfig {
        publish_timeout_ms: 1_000,
        ..config()
    };
    let stubborn = Subscription {
        attempts_max: 1_000,
        ..subscription("a")
    };
    let events = connect(&config, &[stubborn.clone(), subscription("b")]).await;
    let is_away = Arc::new(AtomicBool::new(false));
    let away = is_away.clone();
    let sink = Sink::new(move |_, _| match away.load(SeqCst) {
        true => Outcome::Done,
        false => Outcome::Retry("not yet".to_owned()),
    });
    let consuming = Consuming::start(&events, vec![stubborn], sink.clone());
    let other = Sink::done();
    let idle = Consuming::start(&events, vec![subscription("b")], other.clone());
    publish(&events, vec![record("k", "before")]).await;
    for sink in [&sink, &other] {
        sink.until(|seen| !seen.is_empty()).await;
    }
    control("stop").await;

    // Relays and dead letters wait for each other, and each ends in the time of one all the same.
    let started = Instant::now();
    let batch = || events.publish((0..50).map(|n| record("k", format!("{n:05}"))).collect());
    for results in join_all((0..8).map(|_| batch())).await {
        assert_eq!(results.len(), 50);
        let are_unavailable = results
            .iter()
            .all(|result| matches!(result, Err(PublishError::Unavailable(_))));
        assert!(are_unavailable, "{results:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let reason = events.ready().await.expect_err("it is away");
    assert!(!reason.is_empty());
    // Something is done meanwhile, and can not be written down; stopping does not wait for that.
    is_away.store(true, SeqCst);
    let tried = sink.seen().len();
    sink.until(|seen| seen.len() > tried).await;
    sleep(Duration::from_millis(500)).await;
    for consuming in [consuming, idle] {
        let started = Instant::now();
        consuming.stop().await;
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    }

    // Who begins now begins when it is back.
    let patient = Sink::done();
    let waiting = Consuming::start(&events, vec![subscription("a")], patient.clone());
    sleep(Duration::from_secs(1)).await;
    control("start").await;
    eventually("it is ready", async || events.ready().await.is_ok()).await;
    publish(&events, vec![record("k", "after")]).await;
    patient
        .until(|seen| seen.iter().any(|(_, delivery)| delivery.body == b"after"))
        .await;
    waiting.stop().await;
}
