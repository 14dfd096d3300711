//! How commands speak to servers.

use anyhow::Context;
use tokio::runtime;

pub(super) use crate::config::Servers;

/// Waits for something asynchronous on this thread.
pub(super) fn within<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no threads")?;
    Ok(runtime.block_on(work))
}
