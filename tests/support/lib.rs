//! What the tests of the whole share: the host as a child process, a client of its HTTP API, a live connection, and a look
//! into the database of a host that was stopped.

mod client;
mod database;
mod host;
mod live;

pub use client::{Answer, Client, User};
pub use database::Database;
pub use host::{Host, HostOptions, dayloom_bin, root};
pub use live::{LiveSocket, Seen};

use std::time::{Duration, Instant};

/// How long anything asynchronous may take before a test calls it lost. Far above what it takes, for loaded machines.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until `probe` gives something, and panics with `what` when patience ends.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
