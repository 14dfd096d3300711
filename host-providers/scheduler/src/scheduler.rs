use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use dayloom_ports::{
    ComponentId, Job, JobSink, JobStore, Scheduler, SchedulerError, TimestampMs,
    limits::{JOB_NAME_BYTES_MAX, JOB_PAYLOAD_BYTES_MAX},
};
use serde::de::IgnoredAny;
use tokio::{sync::Notify, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, SystemClock},
    cron::{self, CronEntry},
    jobs,
};

/// 9999-12-31T23:59:59.999Z, the last instant RFC 3339 can write: a later one is a bug of the caller, and a store could
/// not be trusted to hold any 64 bits.
const AT_MAX: TimestampMs = 253_402_300_799_999;
/// What runs at shutdown may take this long to end. What is cut off runs again after the start.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(10);

/// Runs timers and regular ticks of all components. Clones are the same scheduler.
#[derive(Clone)]
pub struct TimerScheduler {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) horizon: Arc<Horizon>,
}

/// How far ahead `run` knows the timers, and how it is told of an earlier one.
#[derive(Default)]
pub(crate) struct Horizon {
    known_until: AtomicU64,
    pub(crate) changed: Notify,
}

impl Horizon {
    /// Said before the store is read, so that a timer stored meanwhile is either read or told of.
    pub(crate) fn will_know_until(&self, at: TimestampMs) {
        self.known_until.store(at, Ordering::SeqCst);
    }

    /// Said after a timer was stored.
    fn has_changed_at(&self, at: TimestampMs) {
        if at <= self.known_until.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }
}

impl TimerScheduler {
    /// A scheduler over the store, by the machine's clock. Nothing runs until [`run`](Self::run).
    pub fn new(store: Arc<dyn JobStore>) -> Self {
        Self::with_clock(store, Arc::new(SystemClock))
    }

    /// The same by another clock.
    pub fn with_clock(store: Arc<dyn JobStore>, clock: Arc<dyn Clock>) -> Self {
        metrics::describe_counter!("dayloom_scheduler_runs_total", "Runs of timers by how they ended");
        metrics::describe_histogram!("dayloom_scheduler_late_seconds", "How late first runs of timers began");
        Self {
            store,
            clock,
            horizon: Arc::default(),
        }
    }

    /// Runs what is due until `shutdown`, then waits up to 10 s for what is running.
    ///
    /// Timers of different names run concurrently, up to 16; one name runs once at a time, and a timer that is replaced
    /// while it runs runs again. Each cron entry ticks once at the start and then at whole multiples of its period since
    /// the Unix epoch, at most one tick at a time; ticks that were missed are not made up, and of hosts that share
    /// the store one ticks. A panic of the sink counts as a failure. Call it once per store that is open: two at a time
    /// would run every timer twice.
    pub async fn run(&self, sink: Arc<dyn JobSink>, cron: Vec<CronEntry>, shutdown: CancellationToken) {
        let mut tasks = JoinSet::new();
        for entry in cron {
            tasks.spawn(cron::run(entry, self.clone(), Arc::clone(&sink), shutdown.clone()));
        }
        jobs::run(self, &sink, &shutdown, &mut tasks).await;
        let ended = timeout(SHUTDOWN_WITHIN, async { while tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!(
                cut_off = tasks.len(),
                "timers still running at shutdown; they run again after the start"
            );
        }
    }
}

#[async_trait]
impl Scheduler for TimerScheduler {
    async fn schedule(
        &self,
        component: &ComponentId,
        name: &str,
        at: TimestampMs,
        payload: &str,
    ) -> Result<(), SchedulerError> {
        check_name(name)?;
        check_payload(payload)?;
        if at > AT_MAX {
            return Err(SchedulerError::Invalid("an instant after the year 9999".into()));
        }
        let job = Job {
            component: Arc::clone(component),
            name: name.to_owned(),
            at,
            payload: payload.to_owned(),
            attempts: 0,
        };
        self.store.put(job).await?;
        self.horizon.has_changed_at(at);
        Ok(())
    }

    async fn cancel(&self, component: &ComponentId, name: &str) -> Result<(), SchedulerError> {
        check_name(name)?;
        self.store.remove(component, name).await
    }
}

fn check_name(name: &str) -> Result<(), SchedulerError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > JOB_NAME_BYTES_MAX || !name.bytes().all(known) {
        let rule = format!("a name is 1 to {JOB_NAME_BYTES_MAX} of A-Z a-z 0-9 . _ -");
        return Err(SchedulerError::Invalid(rule));
    }
    Ok(())
}

fn check_payload(payload: &str) -> Result<(), SchedulerError> {
    if payload.len() > JOB_PAYLOAD_BYTES_MAX {
        let rule = format!("a payload of {} bytes, at most {JOB_PAYLOAD_BYTES_MAX}", payload.len());
        return Err(SchedulerError::Invalid(rule));
    }
    // Dapr takes nothing but JSON, so a component that got by with less here would fail there.
    serde_json::from_str::<IgnoredAny>(payload)
        .map_err(|error| SchedulerError::Invalid(format!("a payload that is not JSON: {error}")))?;
    Ok(())
}
