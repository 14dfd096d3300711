//! `cargo xtask up`: from a fresh clone to the running application.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tools::{dayloom, step};

/// Builds everything and serves it until interrupted.
pub(crate) fn run(shell: &Shell, args: &[String]) -> Result<()> {
    crate::build::all(shell)?;
    step("Starting");
    let dayloom = dayloom();
    cmd!(shell, "{dayloom} up {args...}").quiet().run()?;
    Ok(())
}
