//! The suites every provider passes.

use std::sync::Arc;

use async_trait::async_trait;
use dayloom_ports::conformance::delivery_fixture::{Buried, Channel, Stop, subscriptions};
use dayloom_ports::conformance::fixture::commit;
use dayloom_ports::{Event, EventSink, JobStore, Storage};
use dayloom_sqlite::{DeadLetters, SqliteConfig, SqliteStore};
use tempfile::TempDir;

use crate::support::{self, Dispatching};

async fn open_storage() -> (TempDir, Arc<dyn Storage>) {
    let (dir, store) = support::open();
    (dir, store)
}

async fn open_jobs() -> (TempDir, Arc<dyn JobStore>) {
    let (dir, store) = support::open();
    (dir, store)
}

/// The store and its dispatcher.
struct Log {
    dir: TempDir,
    store: Arc<SqliteStore>,
}

#[async_trait]
impl Channel for Log {
    async fn publish(&self, events: Vec<Event>) {
        commit(&*self.store, [], events).await.expect("events are recorded");
    }

    async fn start(&self, sink: Arc<dyn EventSink>) -> Stop {
        let dispatching = Dispatching::start(&self.store, sink);
        Box::pin(dispatching.stop())
    }

    async fn dead_letters(&self) -> Vec<Buried> {
        let letters = DeadLetters::open(&self.dir.path().join("data")).expect("the database is there");
        let found = letters.list(None, 0, 100).expect("dead letters are read");
        let buried = found.into_iter().map(|letter| Buried {
            body: letters
                .show(letter.id)
                .expect("it is read")
                .expect("it is there")
                .1
                .into_bytes(),
            subscriber: letter.subscriber,
            reason: letter.reason,
            attempts: letter.attempts,
        });
        buried.collect()
    }
}

async fn open_channel() -> ((), Arc<dyn Channel>) {
    let dir = support::directory();
    let config = SqliteConfig {
        subscriptions: subscriptions(),
        ..support::config(dir.path())
    };
    let store = SqliteStore::open(config).expect("the store opens");
    ((), Arc::new(Log { dir, store }))
}

dayloom_ports::storage_conformance!(open_storage);
dayloom_ports::job_store_conformance!(open_jobs);
dayloom_ports::delivery_conformance!(open_channel);
