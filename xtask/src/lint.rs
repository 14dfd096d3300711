//! What must hold of the text before anything runs.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// Formatting and clippy, as errors.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    step("Formatting");
    cmd!(shell, "cargo fmt --all --check").run()?;
    step("Clippy");
    cmd!(
        shell,
        "cargo clippy --release --workspace --all-targets -- --deny warnings"
    )
    .run()?;
    Ok(())
}

/// Formats everything.
pub(crate) fn tidy(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo fmt --all").run()?;
    let _frontend = shell.push_dir(root().join("frontend"));
    cmd!(shell, "npm run format").run()?;
    Ok(())
}
