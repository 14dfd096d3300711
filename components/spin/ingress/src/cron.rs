//! Looks what is due: timers, and the schedules of the component. Called by the sidecar's cron binding, by every replica's at
//! once, or by the ticker.

use std::time::{Duration, Instant};

use dayloom_spin_kit::{Application, Database, Error, Settings, TimersLease, WORK_MS_MAX, jobs, limits, outbox, ticks};
use serde::Serialize;

use crate::bindings::dayloom::platform::{cron, job};
use crate::exchange::Answer;

/// Timers run in one round. Those that are left are due in the next one.
const JOBS_MAX: usize = 50;
/// Milliseconds after which a timer that failed runs again: doubled with each failure up to the last, the upper half of it
/// random, so that timers that failed together do not come back together. Ten attempts span four to nine minutes.
const AGAIN_MS_FIRST: i64 = 1_000;
const AGAIN_MS_LAST: i64 = 5 * 60 * 1_000;
/// Seconds between two rounds of forgetting, which are one for all components.
const FORGET_EVERY_SECONDS: u32 = 600;

/// What a look came to.
#[derive(Serialize)]
struct Looked {
    status: &'static str,
    /// What this look ran of the schedules.
    ticked: Vec<ticks::DueTick>,
}

/// Runs what is due, unless another instance does. Always `200` if the look was made: a failure has its own retry.
pub(crate) fn run(settings: &Settings) -> Answer {
    let looked = Database::open(settings).and_then(|database| look(settings, &database));
    match looked {
        Ok(ticked) => Answer::json(&Looked { status: "ok", ticked }),
        Err(error) => {
            eprintln!("what is due can not be looked up: {error}");
            Answer::status(503)
        }
    }
}

fn look(settings: &Settings, database: &Database) -> Result<Vec<ticks::DueTick>, Error> {
    let application = Application::read().map_err(|error| Error::Unavailable(error.to_string()))?;
    let Some(service) = application.services.get(&settings.component) else {
        return Err(Error::Invalid(format!(
            "the manifest has no component {}",
            settings.component
        )));
    };
    let until = Instant::now() + Duration::from_millis(WORK_MS_MAX);
    let component = &settings.component;
    let ticks = ticks::due(database, component, &service.cron)?;
    let jobs = jobs::due(database, component, JOBS_MAX)?;
    forget(database)?;
    if ticks.is_empty() && jobs.is_empty() {
        return Ok(vec![]);
    }
    let Some(lease) = TimersLease::take(database, component)? else {
        return Ok(vec![]);
    };
    // Again, under the lease: what the last holder ran is not due any more.
    for due in jobs::due(database, component, JOBS_MAX)? {
        if Instant::now() < until {
            run_job(database, component, &due)?;
        }
    }
    let mut ticked = vec![];
    for tick in ticks {
        // Claimed before it runs: a tick that traps takes this instance with it, and must not keep the others from running.
        if Instant::now() < until && ticks::claim(database, component, &tick)? {
            let at = u64::try_from(tick.at).unwrap_or_default();
            if let Err(reason) = cron::tick(&tick.schedule, at) {
                eprintln!("tick {} failed, the next one is its retry: {reason}", tick.schedule);
            }
            ticked.push(tick);
        }
    }
    lease.give_back(database)?;
    Ok(ticked)
}

/// Runs one timer. The attempt is counted first; whatever happens then, the timer comes again until one has succeeded.
fn run_job(database: &Database, component: &str, due: &jobs::DueJob) -> Result<(), Error> {
    if due.failures >= limits::JOB_ATTEMPTS_MAX {
        eprintln!("timer {} failed for the last time: {} attempts", due.name, due.failures);
        return jobs::finish(database, component, due);
    }
    let attempt = due.failures + 1;
    let Some(begun) = jobs::begin(database, component, due, again_ms(attempt))? else {
        return Ok(());
    };
    match job::run(&begun.name, &begun.payload) {
        Ok(()) => jobs::finish(database, component, &begun),
        Err(reason) => {
            eprintln!("timer {} failed, attempt {attempt}: {reason}", begun.name);
            Ok(())
        }
    }
}

fn again_ms(failures: u32) -> i64 {
    let factor = 2_i64.saturating_pow(failures.saturating_sub(1));
    let longest = AGAIN_MS_FIRST.saturating_mul(factor).min(AGAIN_MS_LAST);
    fastrand::i64(longest / 2..=longest)
}

/// Now and then, by whichever instance comes first.
fn forget(database: &Database) -> Result<(), Error> {
    const EVERYBODY: &str = "";
    let schedule = [("forget-event-ids".to_owned(), FORGET_EVERY_SECONDS)].into();
    for tick in ticks::due(database, EVERYBODY, &schedule)? {
        if ticks::claim(database, EVERYBODY, &tick)? {
            outbox::forget_ids(database)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AGAIN_MS_LAST, again_ms};

    #[test]
    fn waits_double_up_to_a_limit() {
        for (failures, longest) in [
            (1, 1_000),
            (2, 2_000),
            (5, 16_000),
            (9, 256_000),
            (10, AGAIN_MS_LAST),
            (u32::MAX, AGAIN_MS_LAST),
        ] {
            for _ in 0..100 {
                assert!(
                    (longest / 2..=longest).contains(&again_ms(failures)),
                    "{failures} failures"
                );
            }
        }
    }
}
