use async_trait::async_trait;

use crate::{ComponentId, TimestampMs};

/// Why a timer was not set or cancelled.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SchedulerError {
    /// A bad name or payload.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// `dayloom:platform/scheduler`.
#[async_trait]
pub trait Scheduler: Send + Sync {
    /// Sets or replaces a timer.
    async fn schedule(
        &self,
        component: &ComponentId,
        name: &str,
        at: TimestampMs,
        payload: &str,
    ) -> Result<(), SchedulerError>;
    /// Removes a timer if it is there.
    async fn cancel(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError>;
}

/// Where a scheduler hands over what is due: the host, which calls the component's `job` or `cron`.
#[async_trait]
pub trait JobSink: Send + Sync {
    /// Runs one job.
    async fn run(&self, component: &ComponentId, name: &str, payload: &str) -> Result<(), String>;
    /// Runs one cron tick.
    async fn tick(&self, component: &ComponentId, schedule: &str, at: TimestampMs) -> Result<(), String>;
}

/// A timer at rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Whose timer it is.
    pub component: ComponentId,
    /// Its name, unique within the component.
    pub name: String,
    /// When it is due.
    pub at: TimestampMs,
    /// JSON text.
    pub payload: String,
    /// Runs that failed so far.
    pub attempts: u32,
}

/// Where a scheduler keeps its timers across restarts. Every write is durable when it returns.
///
/// Several hosts may share one. It then gives each job and each tick to one of them, and a dead host's jobs to another
/// after a while.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Adds the job, or replaces the one of the same component and name.
    async fn put(&self, job: Job) -> Result<(), SchedulerError>;
    /// Removes it if it is there.
    async fn remove(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError>;
    /// Jobs due at or before `now`, earliest first, at most `limit`; the same ones again until they are finished, postponed
    /// or removed. In a store that hosts share they belong to the caller for half a minute from each call on, and no other
    /// host gets them: ask again before that for as long as one is to be run or runs.
    async fn due(&self, now: TimestampMs, limit: usize) -> Result<Vec<Job>, SchedulerError>;
    /// Removes a job that ran, unless it was replaced meanwhile (another `at` or payload).
    async fn finish(&self, ran: &Job) -> Result<(), SchedulerError>;
    /// Moves a job that failed to `at` with one attempt more, unless it was replaced meanwhile.
    async fn postpone(&self, failed: &Job, at: TimestampMs) -> Result<(), SchedulerError>;
    /// Whether this host is the one to run the tick that was due at `at`. Of hosts that share the store, one is told so,
    /// once; a tick older than one that was claimed is nobody's.
    async fn claim_tick(
        &self,
        component: &ComponentId,
        schedule: &str,
        at: TimestampMs,
    ) -> Result<bool, SchedulerError>;
}
