//! The recurrence service: a completed task that recurs is followed by its next occurrence.
//!
//! # Invariants
//! - The next occurrence and the note that the event was handled are one commit, so a redelivery changes nothing.
//! - A task has at most one successor (`tasks_successor`): another event of the same completion, or completing a task again
//!   after reopening it, creates nothing.

mod follow;

use axum::Router;
use dayloom_kit::storage::Commit;
use dayloom_kit::{Problem, consume, storage};

/// Events that were handled.
const INBOX: &str = "recurrence_inbox";

struct Recurrence;

dayloom_kit::component!("recurrence", Recurrence, super::routes, [storage]);
dayloom_kit::handler!(Recurrence, follow::handle);

impl bindings::exports::dayloom::platform::cron::Guest for Recurrence {
    fn tick(schedule: String, _at: u64) -> Result<(), String> {
        if schedule != "forget" {
            return Err(format!("no schedule is called {schedule}"));
        }
        let mut commit = Commit::default();
        commit.push(consume::forget(INBOX));
        commit.apply().map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Everything this service answers over HTTP: whether it is well.
pub fn routes() -> Router {
    dayloom_kit::with_health(Router::new(), ready)
}

fn ready() -> Result<(), Problem> {
    storage::query("SELECT event_id FROM recurrence_inbox LIMIT 1", &[])?;
    Ok(())
}
