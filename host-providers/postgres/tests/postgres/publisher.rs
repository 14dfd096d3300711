//! A broker that remembers, and fails when it is told to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::{EventPublisher, PublishError, Record};
use dayloom_postgres::{PostgresStore, RelayError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Takes records in order into what stands for a topic.
#[derive(Default)]
pub(crate) struct Broker {
    taken: Mutex<Vec<Record>>,
    /// Takes nothing.
    pub(crate) away: AtomicBool,
    /// One record in eight is not taken, or is taken but not acknowledged; each call takes a moment.
    pub(crate) shaky: AtomicBool,
    /// After a record that is not taken, takes later ones of its key in the same call, and leaves it to the relay to bring
    /// them again. Without it, it does not take them.
    pub(crate) skips: AtomicBool,
}

impl Broker {
    pub(crate) fn taken(&self) -> MutexGuard<'_, Vec<Record>> {
        self.taken.lock().expect("no test panics holding it")
    }

    /// The bodies of each key, in the order of their first arrival.
    pub(crate) fn first_arrivals(&self) -> HashMap<String, Vec<String>> {
        distinct(self.taken().iter())
    }

    /// The bodies of each key, in the order of their last arrival.
    pub(crate) fn last_arrivals(&self) -> HashMap<String, Vec<String>> {
        let mut arrivals = distinct(self.taken().iter().rev());
        arrivals.values_mut().for_each(|bodies| bodies.reverse());
        arrivals
    }
}

fn distinct<'a>(records: impl Iterator<Item = &'a Record>) -> HashMap<String, Vec<String>> {
    let mut arrivals: HashMap<String, Vec<String>> = HashMap::new();
    for record in records {
        let bodies = arrivals.entry(record.key.clone()).or_default();
        let body = String::from_utf8(record.body.clone()).expect("bodies are text");
        if !bodies.contains(&body) {
            bodies.push(body);
        }
    }
    arrivals
}

fn unavailable() -> Result<(), PublishError> {
    Err(PublishError::Unavailable("away".to_owned()))
}

#[async_trait]
impl EventPublisher for Broker {
    async fn publish(&self, records: Vec<Record>) -> Vec<Result<(), PublishError>> {
        let shaky = self.shaky.load(SeqCst);
        let skips = self.skips.load(SeqCst);
        let mut held = HashSet::new();
        let mut results = Vec::with_capacity(records.len());
        for record in records {
            if shaky && fastrand::u8(..32) == 0 {
                // Where a killed relay is interrupted.
                tokio::time::sleep(Duration::from_millis(fastrand::u64(..3))).await;
            }
            let away = self.away.load(SeqCst) || (!skips && held.contains(&record.key));
            let key = record.key.clone();
            results.push(match fastrand::u8(..8) {
                _ if away => unavailable(),
                _ if record.body.starts_with(b"poison") => Err(PublishError::Invalid("too bitter".to_owned())),
                0 if shaky => unavailable(),
                1 if shaky => {
                    self.taken().push(record);
                    unavailable()
                }
                _ => {
                    self.taken().push(record);
                    Ok(())
                }
            });
            if results.last() == Some(&unavailable()) {
                held.insert(key);
            }
        }
        results
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A relay under way.
pub(crate) struct Relaying {
    stop: CancellationToken,
    task: JoinHandle<Result<(), RelayError>>,
}

impl Relaying {
    pub(crate) fn start(store: &Arc<PostgresStore>, broker: &Arc<Broker>) -> Self {
        let (store, broker, stop) = (store.clone(), broker.clone(), CancellationToken::new());
        let token = stop.clone();
        Self {
            stop,
            task: tokio::spawn(async move { store.relay(broker, token).await }),
        }
    }

    /// Ends it wherever it is, like the death of its host.
    pub(crate) async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ended().await.expect("it ended as it was told");
    }

    pub(crate) async fn ended(self) -> Result<(), RelayError> {
        self.task.await.expect("the relay does not panic")
    }
}
