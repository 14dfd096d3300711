//! From sources to what runs: the page, the components, the host.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::spin;
use crate::tools::{WASM_TARGET, ensure_wasm_target, require, root, step, target_dir};

/// The components, each a folder of `components/`, a world of `wit/` and a crate `dayloom-<name>`.
pub(crate) const COMPONENTS: [&str; 7] = [
    "auth",
    "tasks",
    "audit",
    "recurrence",
    "notifications",
    "realtime",
    "web",
];

/// Builds everything.
pub(crate) fn all(shell: &Shell) -> Result<()> {
    page(shell)?;
    components(shell)?;
    spin::artefacts(shell)?;
    step("Building the host");
    cmd!(shell, "cargo build --release --package dayloom").run()?;
    Ok(())
}

/// Builds the page into `frontend/dist`, from where the `web` component takes it: nothing of that crate, lints included,
/// goes without.
pub(crate) fn page(shell: &Shell) -> Result<()> {
    step("Building the page");
    page_tools(shell)?;
    let _frontend = shell.push_dir(root().join("frontend"));
    cmd!(shell, "npm run build").run()?;
    Ok(())
}

/// Installs what the page is built with, unless it is there in the versions of the lock file.
pub(crate) fn page_tools(shell: &Shell) -> Result<()> {
    require(shell, "npm", "the page needs Node.js 20 or later, https://nodejs.org")?;
    let _frontend = shell.push_dir(root().join("frontend"));
    if is_older(shell, "node_modules/.package-lock.json", "package-lock.json") {
        cmd!(shell, "npm ci --no-audit --no-fund").run()?;
    }
    Ok(())
}

/// Builds the components and puts them where `spin.toml` looks for them.
pub(crate) fn components(shell: &Shell) -> Result<()> {
    ensure_wasm_target(shell)?;
    step("Building the components");
    let packages = COMPONENTS
        .iter()
        .flat_map(|name| ["--package".to_owned(), format!("dayloom-{name}")]);
    cmd!(shell, "cargo build --profile wasm --target {WASM_TARGET} {packages...}").run()?;
    let built = target_dir().join(WASM_TARGET).join("wasm");
    let wanted = root().join("target/components");
    shell.create_dir(&wanted)?;
    for name in COMPONENTS {
        let from = built.join(format!("dayloom_{name}.wasm"));
        shell
            .copy_file(&from, wanted.join(format!("{name}.wasm")))
            .with_context(|| format!("{}", from.display()))?;
    }
    Ok(())
}

fn is_older(shell: &Shell, made: &str, source: &str) -> bool {
    let modified = |path: &str| {
        std::fs::metadata(shell.current_dir().join(path))
            .and_then(|data| data.modified())
            .ok()
    };
    match (modified(made), modified(source)) {
        (Some(made), Some(source)) => made < source,
        _ => true,
    }
}
