//! What the relay and the store measure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use dayloom_ports::conformance::fixture::{commit, event, insert};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::publisher::{Broker, Relaying};
use crate::support::{Database, eventually};

#[tokio::test]
async fn commits_and_the_outbox_are_measured() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // Of this thread, which is all of the test's runtime.
    let _recording = ::metrics::set_default_local_recorder(&recorder);
    let mut counters: BTreeMap<String, u64> = BTreeMap::new();
    let mut gauges: BTreeMap<String, f64> = BTreeMap::new();
    let mut look = || {
        for (key, _, _, value) in snapshotter.snapshot().into_vec() {
            let labels: Vec<&str> = key.key().labels().map(::metrics::Label::value).collect();
            let name = format!("{}{}", key.key().name(), labels.concat());
            match value {
                // A snapshot takes what it shows.
                DebugValue::Counter(count) => *counters.entry(name).or_default() += count,
                DebugValue::Gauge(value) => drop(gauges.insert(name, value.into_inner())),
                DebugValue::Histogram(_) => {}
            }
        }
        (counters.clone(), gauges.clone())
    };

    let database = Database::new().await;
    let store = database.store().await;
    let poison = dayloom_ports::Event {
        body: "poison".to_owned(),
        ..event("other")
    };
    commit(&*store, [insert("a")], [event("k"), event("k"), poison])
        .await
        .expect("it is committed");
    assert!(commit(&*store, [insert("a")], []).await.is_err());
    let broker = Arc::new(Broker::default());
    broker.away.store(true, SeqCst);
    let relay = Relaying::start(&store, &broker);
    eventually("the backlog is measured", async || {
        look().1.get("dayloom_outbox_backlog") == Some(&3.0)
    })
    .await;
    broker.away.store(false, SeqCst);
    eventually("all are out", async || {
        database.count("SELECT count(*) FROM host_outbox").await == 0
    })
    .await;
    assert_eq!(broker.taken().len(), 2);
    relay.stop().await;
    let (counters, gauges) = look();
    assert_eq!(counters["dayloom_storage_commits_totalcommitted"], 1);
    assert_eq!(counters["dayloom_storage_commits_totalconflict"], 1);
    assert_eq!(counters["dayloom_outbox_published_total"], 2);
    assert_eq!(counters["dayloom_outbox_dead_letters_total"], 1);
    assert!(counters["dayloom_outbox_failures_total"] >= 3);
    assert!(gauges["dayloom_outbox_age_seconds"] >= 0.0);
}
