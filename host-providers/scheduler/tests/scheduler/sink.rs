use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use dayloom_ports::{ComponentId, JobSink, TimestampMs};
use dayloom_scheduler::Clock;
use tokio::sync::Semaphore;

use crate::clock::FakeClock;

/// Records what runs and when. A name that begins with `fail` fails, with `panic` panics, with `hold` waits for `release`.
pub(crate) struct Recorder {
    clock: Arc<FakeClock>,
    runs: Mutex<Vec<(String, String, TimestampMs)>>,
    ticks: Mutex<Vec<(TimestampMs, TimestampMs)>>,
    pub(crate) held: AtomicUsize,
    pub(crate) release: Semaphore,
}

impl Recorder {
    pub(crate) fn new(clock: Arc<FakeClock>) -> Self {
        Self {
            clock,
            runs: Mutex::default(),
            ticks: Mutex::default(),
            held: AtomicUsize::new(0),
            release: Semaphore::new(0),
        }
    }

    /// Name, payload and the time of each run that began.
    pub(crate) fn runs(&self) -> Vec<(String, String, TimestampMs)> {
        self.runs.lock().unwrap().clone()
    }

    /// The time each tick was due, and when it came.
    pub(crate) fn ticks(&self) -> Vec<(TimestampMs, TimestampMs)> {
        self.ticks.lock().unwrap().clone()
    }

    async fn act(&self, name: &str) -> Result<(), String> {
        if name.starts_with("hold") {
            self.held.fetch_add(1, Ordering::SeqCst);
            self.release.acquire().await.unwrap().forget();
            self.held.fetch_sub(1, Ordering::SeqCst);
        }
        assert!(!name.starts_with("panic"), "as the name says");
        if name.starts_with("fail") {
            Err("as the name says".into())
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl JobSink for Recorder {
    async fn run(&self, _component: &ComponentId, name: &str, payload: &str) -> Result<(), String> {
        self.runs
            .lock()
            .unwrap()
            .push((name.into(), payload.into(), self.clock.now()));
        self.act(name).await
    }

    async fn tick(&self, _component: &ComponentId, schedule: &str, at: TimestampMs) -> Result<(), String> {
        self.ticks.lock().unwrap().push((at, self.clock.now()));
        self.act(schedule).await
    }
}
