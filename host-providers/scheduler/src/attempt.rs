use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use dayloom_ports::{
    Job, JobSink, SchedulerError,
    limits::{JOB_ATTEMPTS_MAX, REASON_BYTES_MAX},
};
use futures::FutureExt;
use metrics::{counter, histogram};
use tokio_util::sync::CancellationToken;

use crate::{backoff, scheduler::TimerScheduler};

/// Time before the store is told again what it did not take.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// What follows from a run.
enum Verdict {
    Finish,
    Postpone(Duration),
}

/// Runs one job once and settles in the store what follows from it. Returns early only on shutdown; the job then runs again
/// after the start.
pub(crate) async fn run(job: Job, scheduler: TimerScheduler, sink: Arc<dyn JobSink>, shutdown: CancellationToken) {
    if job.attempts == 0 {
        let late_ms = scheduler.clock.now().saturating_sub(job.at);
        histogram!("dayloom_scheduler_late_seconds").record(Duration::from_millis(late_ms));
    }
    let ran = AssertUnwindSafe(sink.run(&job.component, &job.name, &job.payload))
        .catch_unwind()
        .await;
    let verdict = judge(&job, ran.unwrap_or_else(|_| Err("panicked".into())));
    // Kept at until it is settled: a job that ran and still stands in the store would run again at once, and for as long
    // as the store fails.
    while let Err(error) = settle(&job, &verdict, &scheduler).await {
        tracing::error!(component = %job.component, name = job.name, %error, "a run of a timer can not be settled");
        tokio::select! {
            () = scheduler.clock.sleep(SETTLE_AGAIN) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

fn judge(job: &Job, ran: Result<(), String>) -> Verdict {
    let Job {
        component,
        name,
        attempts,
        ..
    } = job;
    let attempt = attempts.saturating_add(1);
    let (outcome, verdict) = match ran {
        Ok(()) => ("done", Verdict::Finish),
        Err(reason) if attempt < JOB_ATTEMPTS_MAX => {
            let wait = backoff::after(attempt);
            let reason = kept(&reason);
            tracing::warn!(%component, name, attempt, again_in_ms = wait.as_millis(), reason, "a timer failed");
            ("postponed", Verdict::Postpone(wait))
        }
        Err(reason) => {
            tracing::error!(%component, name, attempt, reason = kept(&reason), "a timer failed for the last time");
            ("dropped", Verdict::Finish)
        }
    };
    counter!("dayloom_scheduler_runs_total", "outcome" => outcome).increment(1);
    verdict
}

async fn settle(job: &Job, verdict: &Verdict, scheduler: &TimerScheduler) -> Result<(), SchedulerError> {
    match verdict {
        Verdict::Finish => scheduler.store.finish(job).await,
        Verdict::Postpone(wait) => {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            scheduler
                .store
                .postpone(job, scheduler.clock.now().saturating_add(wait_ms))
                .await
        }
    }
}

/// As much of a reason as a log line should carry.
fn kept(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)]
}
