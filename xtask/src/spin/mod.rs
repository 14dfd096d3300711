//! What Spin runs: each service composed with the ingress, the adapters that stand in for its other imports, and a manifest
//! for each service that is deployed by itself.

mod compose;
mod manifest;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::{WASM_TARGET, root, step, target_dir};

/// The adapters, each a folder of `components/spin/` and a crate `dayloom-spin-<name>`.
const ADAPTERS: [&str; 8] = [
    "absent",
    "broadcast",
    "ingress",
    "scheduler",
    "secrets",
    "state",
    "storage",
    "ticker",
];

/// The services that have the ingress around them; `web` answers HTTP and needs nothing, so Spin runs it as it is.
const SERVICES: [&str; 6] = ["auth", "tasks", "audit", "recurrence", "notifications", "realtime"];

/// Builds the adapters, composes the services with the ingress, and writes a manifest for each. Everything goes where the
/// root's `spin.toml` looks for it, `target/spin`.
pub(crate) fn artefacts(shell: &Shell) -> Result<()> {
    step("Building what Spin runs");
    let packages = ADAPTERS
        .iter()
        .flat_map(|name| ["--package".to_owned(), format!("dayloom-spin-{name}")]);
    cmd!(shell, "cargo build --profile wasm --target {WASM_TARGET} {packages...}").run()?;
    let built = target_dir().join(WASM_TARGET).join("wasm");
    let wanted = root().join("target/spin");
    shell.create_dir(&wanted)?;
    let adapter = |name: &str| built.join(format!("dayloom_spin_{name}.wasm"));
    for name in ADAPTERS {
        let from = adapter(name);
        shell
            .copy_file(&from, wanted.join(format!("{name}.wasm")))
            .with_context(|| format!("{}", from.display()))?;
    }
    let (ingress, absent) = (
        shell.read_binary_file(adapter("ingress"))?,
        shell.read_binary_file(adapter("absent"))?,
    );
    let (storage, scheduler) = (
        shell.read_binary_file(adapter("storage"))?,
        shell.read_binary_file(adapter("scheduler"))?,
    );
    let platform = compose::join(&[("storage", &storage), ("scheduler", &scheduler)])?;
    shell.write_file(wanted.join("platform.wasm"), platform)?;
    let application = shell.read_file(root().join("spin.toml"))?;
    for name in SERVICES {
        let service = shell.read_binary_file(root().join(format!("target/components/{name}.wasm")))?;
        let composed = compose::decorate(&ingress, &service, &absent).with_context(|| format!("composing {name}"))?;
        shell.write_file(wanted.join(format!("{name}.wasm")), composed)?;
        let alone = manifest::alone(&application, name).with_context(|| format!("the manifest of {name}"))?;
        shell.write_file(wanted.join(name).join("spin.toml"), alone)?;
    }
    Ok(())
}
