use std::{num::NonZeroU32, panic::AssertUnwindSafe, sync::Arc};

use dayloom_ports::{ComponentId, JobSink, TimestampMs};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, step_towards},
    scheduler::TimerScheduler,
};

/// A regular tick of a component.
#[derive(Debug, Clone, PartialEq)]
pub struct CronEntry {
    /// Who is called.
    pub component: ComponentId,
    /// The name it is called with, such as `sweep`.
    pub schedule: String,
    /// Seconds between ticks.
    pub every_seconds: NonZeroU32,
}

/// Ticks at the start and then at every multiple of the period, until shutdown: those that no other host has claimed.
pub(crate) async fn run(
    entry: CronEntry,
    scheduler: TimerScheduler,
    sink: Arc<dyn JobSink>,
    shutdown: CancellationToken,
) {
    let every_ms = u64::from(entry.every_seconds.get()) * 1_000;
    let clock = scheduler.clock.as_ref();
    let mut at = boundary(clock.now(), every_ms);
    loop {
        if let Err(reason) = tick(&entry, at, &scheduler, sink.as_ref()).await {
            let CronEntry {
                component, schedule, ..
            } = &entry;
            tracing::error!(%component, schedule, reason, "a tick failed; the next one is its retry");
        }
        at = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            next = next_after(at, every_ms, clock) => next,
        };
    }
}

async fn tick(
    entry: &CronEntry,
    at: TimestampMs,
    scheduler: &TimerScheduler,
    sink: &dyn JobSink,
) -> Result<(), String> {
    let CronEntry {
        component, schedule, ..
    } = entry;
    let claimed = scheduler.store.claim_tick(component, schedule, at).await;
    if !claimed.map_err(|error| error.to_string())? {
        return Ok(());
    }
    let ticked = AssertUnwindSafe(sink.tick(component, schedule, at))
        .catch_unwind()
        .await;
    ticked.unwrap_or_else(|_| Err("panicked".into()))
}

/// Waits for the first boundary after `ticked`, and returns the latest one if several have passed.
async fn next_after(mut ticked: TimestampMs, every_ms: u64, clock: &dyn Clock) -> TimestampMs {
    loop {
        let now = clock.now();
        let latest = boundary(now, every_ms);
        if latest > ticked {
            return latest;
        }
        if now + every_ms <= ticked {
            // The clock was set back by more than a period: begin from here, instead of being silent until it has caught
            // up. For less than that, silence is shorter than a repeated tick would be strange.
            ticked = latest;
        }
        step_towards(clock, ticked + every_ms).await;
    }
}

fn boundary(now: TimestampMs, every_ms: u64) -> TimestampMs {
    now - now % every_ms
}
