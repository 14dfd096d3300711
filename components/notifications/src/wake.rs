//! Timers of the platform: they make a reminder fire at its time instead of at the next sweep. Best effort on purpose.

use dayloom_domain::{ReminderId, Timestamp};
use dayloom_kit::bindings::dayloom::platform::scheduler;
use dayloom_kit::storage::StorageError;

use crate::{fire, timer};

/// A timer's name says all there is to know, but a payload must not be empty.
const NO_PAYLOAD: &str = "{}";

/// Has [`run`] called once `at` has come.
pub(crate) fn schedule(reminder_id: ReminderId, at: Timestamp) {
    let at_ms = u64::try_from(at.as_ms()).unwrap_or_default();
    if let Err(error) = scheduler::schedule(&reminder_id.to_string(), at_ms, NO_PAYLOAD) {
        eprintln!("reminder {reminder_id} has no timer and is left to the sweep: {error:?}");
    }
}

/// Spares a call of [`run`] that would find nothing to do.
pub(crate) fn cancel(reminder_id: ReminderId) {
    if let Err(error) = scheduler::cancel(&reminder_id.to_string()) {
        eprintln!("the timer of reminder {reminder_id} stays and will find nothing to do: {error:?}");
    }
}

/// Fires the reminder that `name` is the id of, if it still waits.
pub(crate) fn run(name: &str) -> Result<(), StorageError> {
    let Ok(reminder_id) = name.parse() else {
        eprintln!("a timer that is none of ours: {name}");
        return Ok(());
    };
    match timer::find(reminder_id)? {
        Some(timer) => fire::fire(&timer),
        None => Ok(()),
    }
}
