//! What leaves the log, and what must not.

use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::conformance::fixture::{commit, event};
use dayloom_ports::{Event, Outcome, Subscription};
use dayloom_sqlite::{SqliteConfig, SqliteStore};
use tempfile::TempDir;

use crate::support::{Dispatching, Sink, config, directory, subscription};

/// More than is deleted in one transaction.
const EVENTS: usize = 1_200;

fn open(dir: &TempDir, subscriptions: Vec<Subscription>, log_retention: Duration) -> Arc<SqliteStore> {
    let config = SqliteConfig {
        subscriptions,
        log_retention,
        ..config(dir.path())
    };
    SqliteStore::open(config).expect("the store opens")
}

async fn publish(store: &SqliteStore, from: usize, count: usize) {
    let numbered = |number: usize| Event {
        body: number.to_string(),
        ..event(&format!("key-{}", number % 10))
    };
    for chunk in (from..from + count).collect::<Vec<_>>().chunks(100) {
        let events: Vec<_> = chunk.iter().map(|&number| numbered(number)).collect();
        commit(store, [], events).await.expect("events are recorded");
    }
}

async fn deliver_all(store: &Arc<SqliteStore>, count: usize) {
    let sink = Sink::done();
    let dispatching = Dispatching::start(store, sink.clone());
    sink.until(|seen| seen.len() >= count).await;
    dispatching.stop().await;
}

#[tokio::test]
async fn what_everybody_is_past_goes_once_it_is_old() {
    let dir = directory();
    let week = Duration::from_secs(7 * 24 * 3600);
    let store = open(&dir, vec![subscription("a")], week);
    publish(&store, 0, EVENTS).await;
    deliver_all(&store, EVENTS).await;
    assert_eq!(store.trim_log().await, Ok(0), "everything is young");
    drop(store);
    let store = open(&dir, vec![subscription("a")], Duration::ZERO);
    let kept = EVENTS - store.trim_log().await.expect("the log is trimmed");
    // An idle lane's stored cursor may stand before the very last events of other partitions; the newest always stays.
    assert!((1..=4).contains(&kept), "{kept} kept");
}

#[tokio::test]
async fn what_somebody_has_yet_to_get_stays() {
    let dir = directory();
    let store = open(&dir, vec![subscription("a"), subscription("b")], Duration::ZERO);
    publish(&store, 0, 100).await;
    // Registers both; `b` takes nothing.
    let sink = Sink::new(|component, _| match &**component {
        "a" => Outcome::Done,
        _ => Outcome::Retry("not now".to_owned()),
    });
    let dispatching = Dispatching::start(&store, sink.clone());
    sink.until(|seen| seen.iter().filter(|(component, _)| &**component == "a").count() >= 100)
        .await;
    dispatching.stop().await;
    assert_eq!(store.trim_log().await, Ok(0));
}

#[tokio::test]
async fn positions_go_on_after_everything_left() {
    let dir = directory();
    let store = open(&dir, vec![subscription("a")], Duration::ZERO);
    publish(&store, 0, 100).await;
    deliver_all(&store, 100).await;
    store.trim_log().await.expect("the log is trimmed");
    drop(store);
    // Were positions given again, the cursors would be past these and they would never arrive.
    let store = open(&dir, vec![subscription("a")], Duration::ZERO);
    publish(&store, 100, 100).await;
    deliver_all(&store, 100).await;
}

#[tokio::test]
async fn a_removed_subscriber_does_not_hold_the_log_for_ever() {
    let dir = directory();
    let store = open(&dir, vec![subscription("a"), subscription("gone")], Duration::ZERO);
    publish(&store, 0, 100).await;
    let sink = Sink::new(|component, _| match &**component {
        "a" => Outcome::Done,
        _ => Outcome::Retry("not now".to_owned()),
    });
    let dispatching = Dispatching::start(&store, sink.clone());
    sink.until(|seen| seen.iter().filter(|(component, _)| &**component == "a").count() >= 100)
        .await;
    dispatching.stop().await;
    drop(store);
    let store = open(&dir, vec![subscription("a")], Duration::from_secs(3600));
    assert_eq!(store.trim_log().await, Ok(0), "it may come back");
    drop(store);
    let store = open(&dir, vec![subscription("a")], Duration::ZERO);
    assert!(store.trim_log().await.is_ok_and(|deleted| deleted >= 96));
}

#[tokio::test]
async fn a_new_subscriber_begins_at_the_earliest_event_that_is_left() {
    let dir = directory();
    let store = open(&dir, vec![subscription("a")], Duration::from_secs(3600));
    publish(&store, 0, 100).await;
    deliver_all(&store, 100).await;
    drop(store);
    let store = open(
        &dir,
        vec![subscription("a"), subscription("new")],
        Duration::from_secs(3600),
    );
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    sink.until(|seen| seen.len() == 100).await;
    dispatching.stop().await;
    let seen = sink.seen.lock().expect("no test panics holding it");
    assert!(seen.iter().all(|(component, _)| &**component == "new"));
}
