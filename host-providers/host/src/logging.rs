//! Logs on standard error: text where a person reads, JSON where a machine does.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// The variable that sets what is logged, in the syntax of `tracing_subscriber::EnvFilter`, such as `info,dayloom=debug`.
pub(crate) const VARIABLE: &str = "DAYLOOM_LOG";
/// What a server logs by default: what an operator must know, nothing for each request.
pub(crate) const OF_A_SERVER: &str = "info";
/// What any other command logs by default: its result is its output.
pub(crate) const OF_A_COMMAND: &str = "warn";

/// Installs the process's log.
///
/// # Errors
/// The filter can not be read, or a log is already installed; one line that says which.
pub(crate) fn init(default: &str) -> Result<(), String> {
    let filter = match std::env::var(VARIABLE) {
        Ok(filter) => {
            EnvFilter::try_new(filter).map_err(|error| format!("environment variable {VARIABLE}: {error}"))?
        }
        Err(_) => EnvFilter::new(default),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let installed = if io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(io::stderr)).try_init()
    } else {
        registry
            .with(fmt::layer().json().flatten_event(true).with_writer(io::stderr))
            .try_init()
    };
    installed.map_err(|error| error.to_string())
}
