//! The notifications service: reminders that fire at their time, and the notifications they become.
//!
//! # The one idea
//! `reminder_timers` holds the latest that is known of each reminder, decided by the task's sequence and not by the order in
//! which events come. A timer of the platform and the sweep every minute both end in [`fire`], and one row that turns from
//! pending to fired makes sure that only one of them has an effect.
//!
//! # Invariants
//! - The timer, the notification, its deliveries and all events of a firing are one commit.
//! - Nothing fires before its time by the wall clock, nor twice for the same moment.

mod api;
mod channel;
mod delivery;
mod fire;
mod forget;
mod hear;
mod message;
mod preferences;
mod quiet_hours;
mod row;
mod sweep;
mod timer;
mod wake;

pub use api::openapi;

use axum::Router;
use dayloom_kit::{Problem, storage};

struct Notifications;

dayloom_kit::component!("notifications", Notifications, super::routes, [storage scheduler keyvalue config outgoing_http]);
dayloom_kit::handler!(Notifications, hear::handle);

impl bindings::exports::dayloom::platform::job::Guest for Notifications {
    fn run(name: String, _payload: String) -> Result<(), String> {
        wake::run(&name).map_err(|error| error.to_string())
    }
}

impl bindings::exports::dayloom::platform::cron::Guest for Notifications {
    fn tick(schedule: String, _at: u64) -> Result<(), String> {
        match schedule.as_str() {
            "sweep" => sweep::sweep().map_err(|error| error.to_string()),
            "forget" => forget::forget().map_err(|error| error.to_string()),
            other => Err(format!("there is no schedule {other}")),
        }
    }
}

/// Everything this service answers over HTTP.
pub fn routes() -> Router {
    dayloom_kit::with_health(api::router(), ready)
}

fn ready() -> Result<(), Problem> {
    storage::query("SELECT id FROM notifications LIMIT 1", &[])?;
    Ok(())
}
