//! From commit to handler.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dayloom_ports::conformance::fixture::{commit, event};
use dayloom_ports::{ComponentId, Delivery, Event, EventSink, Outcome, Subscription, TopicMap};
use dayloom_sqlite::{DeadLetters, Grant, SqliteConfig, SqliteStore};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::support::{Dispatching, PATIENCE, Sink, config, directory, eventually, subscription};

fn open(subscriptions: Vec<Subscription>) -> (TempDir, Arc<SqliteStore>) {
    let dir = directory();
    let store = SqliteStore::open(SqliteConfig {
        subscriptions,
        ..config(dir.path())
    })
    .expect("the store opens");
    (dir, store)
}

async fn publish(store: &SqliteStore, key: &str, body: &str) {
    commit(
        store,
        [],
        [Event {
            body: body.to_owned(),
            ..event(key)
        }],
    )
    .await
    .expect("an event is recorded");
}

#[tokio::test]
async fn every_subscriber_gets_every_event_in_the_order_of_its_key() {
    let (_dir, store) = open(vec![subscription("a"), subscription("b")]);
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    for number in 0..300 {
        publish(&store, &format!("key-{}", number % 7), &format!("{number:03}")).await;
    }
    sink.until(|seen| seen.len() == 600).await;
    dispatching.stop().await;
    let mut last: HashMap<(ComponentId, String), Vec<u8>> = HashMap::new();
    for (component, delivery) in sink.seen.lock().expect("no test panics holding it").iter() {
        assert_eq!((delivery.topic.as_str(), delivery.attempt), ("things", 1));
        let before = last.insert((component.clone(), delivery.key.clone()), delivery.body.clone());
        assert!(before.is_none_or(|before| before < delivery.body));
    }
    assert_eq!(last.len(), 14);
}

#[tokio::test]
async fn a_commit_wakes_its_subscribers_at_once() {
    let (_dir, store) = open(vec![subscription("a")]);
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    publish(&store, "k", "first").await;
    sink.until(|seen| seen.len() == 1).await;
    let started = Instant::now();
    for number in 2..=20 {
        publish(&store, "k", "next").await;
        sink.until(|seen| seen.len() == number).await;
    }
    // Twenty times even the shortest of the dispatcher's intervals would be longer.
    assert!(
        started.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        started.elapsed()
    );
    dispatching.stop().await;
}

#[tokio::test]
async fn a_subscriber_gets_its_topics_and_types_and_each_event_once() {
    let dir = directory();
    let rule = |pattern: &str, topics: &[&str]| (pattern.to_owned(), topics.iter().map(ToString::to_string).collect());
    let rules = vec![rule("thing.*", &["all", "things"]), rule("other.*", &["all", "others"])];
    let listen = |topics: &[&str], types: &[&str], component| Subscription {
        topics: topics.iter().map(ToString::to_string).collect(),
        types: types.iter().map(ToString::to_string).collect(),
        ..subscription(component)
    };
    let mut config = SqliteConfig {
        topic_map: TopicMap { rules },
        subscriptions: vec![
            listen(&["things", "all"], &[], "both"),
            listen(&["others"], &[], "others"),
            listen(&["all"], &["thing.gone"], "gone"),
        ],
        ..config(dir.path())
    };
    config.grants.insert(
        "owner".into(),
        Grant {
            publishes: vec!["*".to_owned()],
            ..Grant::default()
        },
    );
    let store = SqliteStore::open(config).expect("the store opens");
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    for event_type in ["thing.made", "other.made", "thing.gone"] {
        let event = Event {
            event_type: event_type.to_owned(),
            body: event_type.to_owned(),
            ..event("k")
        };
        commit(&*store, [], [event]).await.expect("an event is recorded");
    }
    sink.until(|seen| seen.len() == 5).await;
    dispatching.stop().await;
    let seen = sink.seen.lock().expect("no test panics holding it");
    let mut got: Vec<_> = seen
        .iter()
        .map(|(component, d)| {
            (
                &**component,
                d.topic.as_str(),
                std::str::from_utf8(&d.body).expect("text"),
            )
        })
        .collect();
    got.sort_unstable();
    let expected = [
        ("both", "all", "other.made"),
        ("both", "things", "thing.gone"),
        ("both", "things", "thing.made"),
        ("gone", "all", "thing.gone"),
        ("others", "others", "other.made"),
    ];
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_retried_event_comes_again_before_later_ones_with_pauses_in_between() {
    let (_dir, store) = open(vec![Subscription {
        attempts_max: 10,
        ..subscription("a")
    }]);
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let sink = Sink::new(move |_, delivery| match &delivery.body[..] {
        b"hard" if counted.fetch_add(1, SeqCst) < 4 => Outcome::Retry("not yet".to_owned()),
        _ => Outcome::Done,
    });
    publish(&store, "k", "hard").await;
    publish(&store, "k", "next").await;
    let dispatching = Dispatching::start(&store, sink.clone());
    sink.until(|seen| seen.last().is_some_and(|(_, d)| d.body == b"next" && d.attempt == 1) && seen.len() >= 7)
        .await;
    dispatching.stop().await;
    let seen = sink.seen.lock().expect("no test panics holding it");
    let tried: Vec<u32> = seen
        .iter()
        .filter(|(_, d)| d.body == b"hard")
        .map(|(_, d)| d.attempt)
        .collect();
    assert_eq!(tried, [1, 2, 3, 4, 5]);
    // Together with the first batch, and again after the event before it was done.
    assert_eq!(
        sink_order(&seen),
        ["hard", "next", "hard", "hard", "hard", "hard", "next"]
    );
}

fn sink_order(seen: &[(ComponentId, Delivery)]) -> Vec<&str> {
    seen.iter()
        .map(|(_, delivery)| std::str::from_utf8(&delivery.body).expect("text"))
        .collect()
}

#[tokio::test]
async fn one_key_s_trouble_does_not_stop_other_partitions() {
    let (_dir, store) = open(vec![Subscription {
        attempts_max: 1_000,
        ..subscription("a")
    }]);
    let sink = Sink::new(|_, delivery| match delivery.key.as_str() {
        "bad" => Outcome::Retry("never".to_owned()),
        _ => Outcome::Done,
    });
    let dispatching = Dispatching::start(&store, sink.clone());
    publish(&store, "bad", "bad").await;
    sink.until(|seen| !seen.is_empty()).await;
    for key in 0..20 {
        publish(&store, &format!("key-{key}"), "good").await;
    }
    // About three quarters of the keys are in other partitions than the bad one.
    sink.until(|seen| seen.iter().filter(|(_, d)| d.body == b"good").count() >= 10)
        .await;
    dispatching.stop().await;
}

#[tokio::test]
async fn what_was_done_is_not_delivered_again_after_a_clean_restart() {
    let dir = directory();
    for round in 0..3 {
        let config = SqliteConfig {
            subscriptions: vec![subscription("a")],
            ..config(dir.path())
        };
        let store = SqliteStore::open(config).expect("the store opens");
        let sink = Sink::done();
        // Published before and after the dispatcher starts: read from disk, and from memory.
        publish(&store, "k", &format!("{round}-before")).await;
        let dispatching = Dispatching::start(&store, sink.clone());
        publish(&store, "k", &format!("{round}-after")).await;
        sink.until(|seen| seen.len() == 2).await;
        dispatching.stop().await;
        assert_eq!(sink.bodies(), [format!("{round}-before"), format!("{round}-after")]);
    }
}

#[tokio::test]
async fn a_subscriber_that_was_away_works_off_more_than_memory_holds() {
    let dir = directory();
    let count = 3_000;
    let body = "x".repeat(8_000);
    let store = SqliteStore::open(config(dir.path())).expect("the store opens");
    for chunk in 0..count / 100 {
        let numbered = |n: usize| Event {
            body: format!("{:05}{body}", chunk * 100 + n),
            ..event(&format!("k{}", n % 9))
        };
        commit(&*store, [], (0..100).map(numbered).collect::<Vec<_>>())
            .await
            .expect("events are recorded");
    }
    drop(store);
    let config = SqliteConfig {
        subscriptions: vec![subscription("a")],
        ..config(dir.path())
    };
    let store = SqliteStore::open(config).expect("the store opens");
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    sink.until(|seen| seen.len() >= count).await;
    dispatching.stop().await;
    assert_eq!(sink.counts().len(), count);
    assert_eq!(sink.bodies().len(), count);
}

/// Holds its first call until it is released.
struct SlowSink {
    called: Notify,
    release: Notify,
    finished: Mutex<usize>,
}

#[async_trait]
impl EventSink for SlowSink {
    async fn deliver(&self, _: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        self.called.notify_one();
        self.release.notified().await;
        *self.finished.lock().expect("no test panics holding it") += deliveries.len();
        vec![Outcome::Done; deliveries.len()]
    }
}

#[tokio::test]
async fn shutdown_waits_for_the_call_under_way_and_keeps_its_outcome() {
    let dir = directory();
    let subscribed = || SqliteConfig {
        subscriptions: vec![subscription("a")],
        ..config(dir.path())
    };
    let store = SqliteStore::open(subscribed()).expect("the store opens");
    let sink = Arc::new(SlowSink {
        called: Notify::new(),
        release: Notify::new(),
        finished: Mutex::new(0),
    });
    let dispatching = Dispatching::start(&store, sink.clone());
    publish(&store, "k", "slow").await;
    sink.called.notified().await;
    let stopping = tokio::spawn(dispatching.stop());
    tokio::task::yield_now().await;
    assert!(!stopping.is_finished());
    sink.release.notify_one();
    tokio::time::timeout(PATIENCE, stopping)
        .await
        .expect("it stops")
        .expect("it stops cleanly");
    assert_eq!(*sink.finished.lock().expect("no test panics holding it"), 1);
    drop(store);
    let store = SqliteStore::open(subscribed()).expect("the store opens");
    let again = Sink::done();
    let dispatching = Dispatching::start(&store, again.clone());
    publish(&store, "k", "later").await;
    again.until(|seen| !seen.is_empty()).await;
    dispatching.stop().await;
    assert_eq!(again.bodies(), ["later"]);
}

#[tokio::test]
async fn a_wrong_number_of_outcomes_ends_in_dead_letters_and_not_in_loss() {
    struct Mute;
    #[async_trait]
    impl EventSink for Mute {
        async fn deliver(&self, _: &ComponentId, _: Vec<Delivery>) -> Vec<Outcome> {
            Vec::new()
        }
    }
    let (dir, store) = open(vec![Subscription {
        attempts_max: 2,
        ..subscription("a")
    }]);
    publish(&store, "k", "unheard").await;
    let dispatching = Dispatching::start(&store, Arc::new(Mute));
    let letters = DeadLetters::open(&dir.path().join("data")).expect("the database is there");
    eventually("a dead letter", async || {
        letters.list(None, 0, 10).is_ok_and(|found| found.len() == 1)
    })
    .await;
    dispatching.stop().await;
}
