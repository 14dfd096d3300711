//! A store in a directory of its own.

pub(crate) use dayloom_ports::conformance::delivery_fixture::eventually;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::conformance::fixture;
use dayloom_ports::{ComponentId, Delivery, EventSink, Outcome, Subscription};
use dayloom_sqlite::{Grant, SqliteConfig, SqliteStore};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for something that is to happen, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A directory with `data` and `migrations`, as the conformance suite expects it.
pub(crate) fn directory() -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("migrations")).expect("a folder");
    let (name, sql) = fixture::MIGRATION;
    write_migration(dir.path(), name, sql);
    dir
}

pub(crate) fn write_migration(dir: &Path, name: &str, sql: &str) {
    std::fs::write(dir.join("migrations").join(name), sql).expect("a migration is written");
}

/// The fixture's grants and topics, nobody subscribed.
pub(crate) fn config(dir: &Path) -> SqliteConfig {
    let grant = |&(component, tables, publishes): &fixture::GrantRow| {
        let tables = tables.iter().map(ToString::to_string).collect();
        let publishes = publishes.iter().map(ToString::to_string).collect();
        (ComponentId::from(component), Grant { tables, publishes })
    };
    SqliteConfig {
        grants: fixture::GRANTS.iter().map(grant).collect(),
        topic_map: fixture::topics(),
        ..SqliteConfig::new(dir.join("data"), dir.join("migrations"))
    }
}

/// A fresh store.
pub(crate) fn open() -> (TempDir, Arc<SqliteStore>) {
    let dir = directory();
    let store = SqliteStore::open(config(dir.path())).expect("the store opens");
    (dir, store)
}

/// `component` listens to all of `things`.
pub(crate) fn subscription(component: &str) -> Subscription {
    Subscription {
        component: component.into(),
        topics: vec!["things".to_owned()],
        types: vec![],
        batch: 10,
        attempts_max: 3,
    }
}

type Decide = dyn Fn(&ComponentId, &Delivery) -> Outcome + Send + Sync;

/// Records deliveries and answers them as it was told.
pub(crate) struct Sink {
    decide: Box<Decide>,
    pub(crate) seen: Mutex<Vec<(ComponentId, Delivery)>>,
    arrived: Notify,
}

impl Sink {
    pub(crate) fn new(decide: impl Fn(&ComponentId, &Delivery) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            decide: Box::new(decide),
            seen: Mutex::default(),
            arrived: Notify::new(),
        })
    }

    /// A sink for which everything is done.
    pub(crate) fn done() -> Arc<Self> {
        Self::new(|_, _| Outcome::Done)
    }

    /// Bodies in the order of their arrival.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let seen = self.seen.lock().expect("no test panics holding it");
        seen.iter()
            .map(|(_, delivery)| String::from_utf8(delivery.body.clone()).expect("bodies are text"))
            .collect()
    }

    /// Waits until the deliveries so far satisfy `enough`.
    pub(crate) async fn until(&self, enough: impl Fn(&[(ComponentId, Delivery)]) -> bool) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                if enough(&self.seen.lock().expect("no test panics holding it")) {
                    return;
                }
                arrived.await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("not delivered in time; seen: {:?}", self.bodies());
        }
    }

    /// How often each body arrived.
    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for body in self.bodies() {
            *counts.entry(body).or_default() += 1;
        }
        counts
    }
}

#[async_trait]
impl EventSink for Sink {
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let outcomes = deliveries
            .iter()
            .map(|delivery| (self.decide)(component, delivery))
            .collect();
        let mut seen = self.seen.lock().expect("no test panics holding it");
        seen.extend(deliveries.into_iter().map(|delivery| (component.clone(), delivery)));
        drop(seen);
        self.arrived.notify_waiters();
        outcomes
    }
}

/// A dispatcher under way.
pub(crate) struct Dispatching {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), dayloom_ports::StorageError>>,
}

impl Dispatching {
    pub(crate) fn start(store: &Arc<SqliteStore>, sink: Arc<dyn EventSink>) -> Self {
        let (store, shutdown) = (store.clone(), CancellationToken::new());
        let token = shutdown.clone();
        Self {
            shutdown,
            task: tokio::spawn(async move { store.dispatch(sink, token).await }),
        }
    }

    /// Shuts it down and waits for its end.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task
            .await
            .expect("the dispatcher does not panic")
            .expect("the cursors are written");
    }
}
