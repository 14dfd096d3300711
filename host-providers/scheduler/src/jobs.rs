use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dayloom_ports::{ComponentId, Job, JobSink, SchedulerError, TimestampMs};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{attempt, clock::until, scheduler::TimerScheduler};

/// Timers that run at once. Each is an instance of a component and a commit; more would only queue there.
const CONCURRENT_MAX: usize = 16;
/// How far ahead one look into the store sees, and so the time to the next look if nothing is due before.
const LOOK_AHEAD_MS: u64 = 10_000;
/// Time to the next look when the store did not answer.
const STORE_AGAIN_MS: u64 = 1_000;

/// Starts every timer at its time, as tasks, until shutdown.
pub(crate) async fn run(
    scheduler: &TimerScheduler,
    sink: &Arc<dyn JobSink>,
    shutdown: &CancellationToken,
    tasks: &mut JoinSet<()>,
) {
    let running = Arc::new(Running::default());
    loop {
        let now = scheduler.clock.now();
        running.begins_look();
        let look_again_at = match due(scheduler, now).await {
            Ok(jobs) => {
                let (due, coming): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.at <= now);
                for job in due {
                    if let Some(place) = running.enter(&job) {
                        let run = attempt::run(job, scheduler.clone(), Arc::clone(sink), shutdown.clone());
                        tasks.spawn(async move {
                            run.await;
                            drop(place);
                        });
                    }
                }
                coming.first().map_or(now + LOOK_AHEAD_MS, |job| job.at)
            }
            Err(error) => {
                tracing::error!(%error, "the timers can not be read");
                now + STORE_AGAIN_MS
            }
        };
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = scheduler.horizon.changed.notified() => {}
            () = running.left.notified() => {}
            () = until(scheduler.clock.as_ref(), look_again_at) => {}
        }
    }
}

/// Timers that are due or come next, earliest first. Of those that are returned, at most `CONCURRENT_MAX` run already, so
/// one that is due is not missed for as long as there is a place to run it.
async fn due(scheduler: &TimerScheduler, now: TimestampMs) -> Result<Vec<Job>, SchedulerError> {
    let horizon = now + LOOK_AHEAD_MS;
    scheduler.horizon.will_know_until(horizon);
    scheduler.store.due(horizon, CONCURRENT_MAX + 1).await
}

/// The names that run now.
#[derive(Default)]
struct Running {
    names: Mutex<Names>,
    left: Notify,
}

/// A job's component and name.
type Name = (ComponentId, String);

#[derive(Default)]
struct Names {
    running: HashSet<Name>,
    /// Ended since the store was asked last: it may have answered before they were settled, so they would run twice.
    ended: HashSet<Name>,
}

impl Running {
    /// Said before the store is asked: it knows of everything that ended before.
    fn begins_look(&self) {
        self.names().ended.clear();
    }

    /// A place to run the job, if there is one and the name is not running, nor was when the store was asked. What is
    /// refused comes again: whoever leaves makes the next look begin.
    fn enter(self: &Arc<Self>, job: &Job) -> Option<Place> {
        let name = (Arc::clone(&job.component), job.name.clone());
        let mut names = self.names();
        let is_free = names.running.len() < CONCURRENT_MAX && !names.ended.contains(&name);
        (is_free && names.running.insert(name.clone())).then(|| Place {
            running: Arc::clone(self),
            name,
        })
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held while a name runs.
struct Place {
    running: Arc<Running>,
    name: Name,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut names = self.running.names();
        names.running.remove(&self.name);
        names.ended.insert(self.name.clone());
        drop(names);
        self.running.left.notify_one();
    }
}
