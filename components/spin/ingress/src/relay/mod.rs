//! Sends on what was committed: to the sidecar's broker, or to the other components of the application.
//!
//! A pass runs after a request was answered, for as long as it finds something to do, but not for ever. Several instances may
//! do so at once, in several processes: each works on what it holds a lease of.
//!
//! # What a crash does
//! - Before a lease is taken: nothing. The rows wait for the next pass, or the next tick.
//! - With a lease: the same, once the lease has run out.
//! - After publishing, before settling: the rows go out again, first the oldest of each key. Consumers know a repeat.
//! - While settling: settling is one commit.
//!
//! # What a lost race does
//! A commit whose pass finds the lease taken leaves its rows to the holder. The holder looks once more after it has given the
//! lease back, so the rows are seen: they were committed before that look.

mod local;
mod schedule;
mod sidecar;

use std::time::{Duration, Instant};

use dayloom_spin_kit::{Database, Error, Settings};

/// How long a pass goes on if there is always more. Under load every request brings its own pass.
const PASS_WITHIN: Duration = Duration::from_secs(20);

/// Sends on what waits. Whatever goes wrong is logged, and is the next pass's to repeat.
pub(crate) fn pass(settings: &Settings) {
    let until = Instant::now() + PASS_WITHIN;
    let result = Database::open(settings).and_then(|database| match &settings.sidecar {
        Some(sidecar) => sidecar::pass(&database, sidecar, until),
        None => local::pass(&database, until),
    });
    match result {
        Ok(()) => {}
        Err(Error::Conflict(_)) => eprintln!("a lease was lost: another instance sends the events, some of them again"),
        Err(error) => eprintln!("events wait for the next pass: {error}"),
    }
}
