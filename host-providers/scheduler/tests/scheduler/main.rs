//! The scheduler by a clock that the tests move, and once by the real one.

mod clock;
mod cron;
mod failures;
mod sink;
mod store;
mod timers;

use std::{future::Future, sync::Arc, time::Duration};

use clock::FakeClock;
use dayloom_ports::{ComponentId, Scheduler, TimestampMs};
use dayloom_scheduler::{CronEntry, TimerScheduler};
use sink::Recorder;
use store::MemoryStore;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// Any instant that is no multiple of a period.
const START: TimestampMs = 1_800_000_012_345;
/// Far more than anything here takes; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A scheduler that runs, and what it runs with.
struct World {
    clock: Arc<FakeClock>,
    store: Arc<MemoryStore>,
    sink: Arc<Recorder>,
    scheduler: TimerScheduler,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl World {
    fn start() -> Self {
        Self::with(Arc::default(), Vec::new())
    }

    fn with(store: Arc<MemoryStore>, cron: Vec<CronEntry>) -> Self {
        let clock = Arc::new(FakeClock::at(START, 1 + cron.len()));
        let sink = Arc::new(Recorder::new(Arc::clone(&clock)));
        let scheduler = TimerScheduler::with_clock(Arc::clone(&store) as _, Arc::clone(&clock) as _);
        let shutdown = CancellationToken::new();
        let (running, stop, to) = (scheduler.clone(), shutdown.clone(), Arc::clone(&sink));
        let running = tokio::spawn(async move { running.run(to, cron, stop).await });
        Self {
            clock,
            store,
            sink,
            scheduler,
            shutdown,
            running,
        }
    }

    async fn schedule(&self, name: &str, at: TimestampMs, payload: &str) {
        self.scheduler.schedule(&component(), name, at, payload).await.unwrap();
    }

    async fn stop(self) -> Arc<MemoryStore> {
        self.shutdown.cancel();
        within(self.running).await.unwrap();
        self.store
    }
}

fn component() -> ComponentId {
    "notifications".into()
}

async fn within<T>(condition: impl Future<Output = T>) -> T {
    timeout(PATIENCE, condition).await.expect("never came")
}

/// Waits for a condition that other tasks bring about.
async fn becomes(condition: impl Fn() -> bool) {
    within(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
