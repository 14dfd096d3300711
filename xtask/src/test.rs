//! Running every suite, and counting what ran.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::servers::ForTests;
use crate::tools::{NO_VENDORED_OPENSSL, cache_dir, dayloom, require, root, step};

/// Programs that the tests run, with the Debian package of each.
const PROGRAMS: [(&str, &str); 4] = [
    // The browser of the end-to-end tests.
    ("chromium --version", "chromium"),
    // The reverse proxy of the example in manifests/local.
    ("nginx -v", "nginx-light"),
    // Brings Kafka's jars, and Java.
    ("mvn --version", "maven"),
    // Makes the certificates of the providers' TLS tests.
    ("openssl version", "openssl"),
];

/// Tests that ran, over all suites.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Tally {
    passed: u64,
    failed: u64,
}

/// Builds, runs all suites even if one fails, and ends with one line that says how many tests ran.
pub(crate) fn all(shell: &Shell) -> Result<()> {
    crate::build::page(shell)?;
    crate::build::components(shell)?;
    crate::spin::artefacts(shell)?;
    // The host comes with the tests: asked for by itself it has other features, and everything would be compiled twice.
    step("Building the host and the tests");
    cmd!(shell, "cargo test --release --workspace --no-run").run()?;
    let python = python(shell)?;
    programs(shell)?;
    sidecar(shell)?;
    let dayloom = dayloom();
    let servers = ForTests::start(shell)?;

    let mut total = Tally::default();
    let mut run = |what: &str, command: &mut Command| -> Result<()> {
        step(what);
        command
            .env("DAYLOOM_BIN", &dayloom)
            .env("LOCAL_DAPR_DIR", sidecar_dir())
            .env("NO_COLOR", "1");
        // As everything was built, or it would be built again.
        if let Ok(value) = shell.var(NO_VENDORED_OPENSSL) {
            command.env(NO_VENDORED_OPENSSL, value);
        }
        let (tally, succeeded) = run(command.envs(servers.variables()))?;
        total.passed += tally.passed;
        // A suite that breaks before it counts is a failure too.
        total.failed += if succeeded { tally.failed } else { tally.failed.max(1) };
        Ok(())
    };
    run(
        "Rust: unit, component, integration",
        Command::new("cargo").args(["test", "--release", "--workspace", "--no-fail-fast"]),
    )?;
    run(
        "The page",
        Command::new("npm")
            .args(["run", "--silent", "test"])
            .current_dir(root().join("frontend")),
    )?;
    run(
        "Clients that are not ours: HTTP contract, JOSE, WebSocket, browser",
        Command::new(&python).args(["-m", "pytest", "--color=no", "-q", "tests/contract", "tests/e2e"]),
    )?;

    println!("\n{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 || total.passed == 0 {
        bail!("the tests did not pass");
    }
    Ok(())
}

/// The benchmarks; they build the release host first and start every twin themselves.
pub(crate) fn bench(shell: &Shell, args: &[String]) -> Result<()> {
    crate::build::all(shell)?;
    step("Building the native twin, and what stands in for Spin");
    cmd!(
        shell,
        "cargo build --release --package dayloom-bench-native --package dayloom-spin-test-host"
    )
    .run()?;
    let python = python(shell)?;
    sidecar(shell)?;
    let dayloom = dayloom();
    let servers = ForTests::start(shell)?;
    step("Measuring");
    cmd!(shell, "{python} tests/bench/run.py {args...}")
        .env("DAYLOOM_BIN", dayloom)
        .env("LOCAL_DAPR_DIR", sidecar_dir())
        .envs(servers.variables())
        .run()?;
    Ok(())
}

/// Runs a suite, shows its output as it comes, and adds up the runners' closing lines.
fn run(command: &mut Command) -> Result<(Tally, bool)> {
    let mut child = command
        .current_dir(
            command
                .get_current_dir()
                .map_or_else(|| root().to_owned(), PathBuf::from),
        )
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{command:?}"))?;
    let mut tally = Tally::default();
    let output = child.stdout.take().context("the suite's output is piped")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(counted) = closing_line(&line) {
            tally.passed += counted.passed;
            tally.failed += counted.failed;
        }
    }
    Ok((tally, child.wait()?.success()))
}

/// Reads the closing line of cargo (`test result: ok. 3 passed; 0 failed; …`), pytest (`1 failed, 3 passed in 0.1s`) and
/// Vitest (`Tests  1 failed | 3 passed (4)`); none for any other line.
fn closing_line(line: &str) -> Option<Tally> {
    let line = line.trim();
    let is_closing = line.starts_with("test result: ")
        || line.starts_with("Tests  ")
        || (line.contains(" in ") && line.ends_with(['s', ')']) && line.starts_with(|c: char| c.is_ascii_digit()));
    if !is_closing {
        return None;
    }
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| word.trim_matches(|c| matches!(c, ',' | ';' | '.' | '|')))
        .collect();
    let before = |labels: &[&str]| -> u64 {
        words
            .windows(2)
            .filter(|pair| labels.contains(&pair[1]))
            .filter_map(|pair| pair[0].parse::<u64>().ok())
            .sum()
    };
    Some(Tally {
        passed: before(&["passed"]),
        failed: before(&["failed", "error", "errors"]),
    })
}

/// A Python environment with what the contract tests and the benchmarks' twins need, made once and kept.
fn python(shell: &Shell) -> Result<PathBuf> {
    require(
        shell,
        "python3",
        "the contract tests are clients in Python, so that they are not ours",
    )?;
    let requirements = root().join("tests/requirements.txt");
    let environment = cache_dir().join("python");
    let python = environment.join("bin/python");
    let installed = environment.join("requirements.txt");
    if shell.read_file(&installed).ok() != Some(shell.read_file(&requirements)?) {
        step("Installing the Python clients");
        cmd!(shell, "python3 -m venv {environment}").run()?;
        cmd!(
            shell,
            "{python} -m pip install --quiet --disable-pip-version-check -r {requirements}"
        )
        .run()?;
        shell.copy_file(&requirements, &installed)?;
    }
    Ok(python)
}

fn sidecar_dir() -> PathBuf {
    cache_dir().join("dapr")
}

/// Builds the Dapr sidecar where the tests look for it, unless it is there.
fn sidecar(shell: &Shell) -> Result<()> {
    step("Building the Dapr sidecar");
    let script = root().join("manifests/local/dapr.sh");
    cmd!(shell, "{script} install")
        .env("LOCAL_DAPR_DIR", sidecar_dir())
        .run()?;
    Ok(())
}

/// Installs the programs that are missing where that is one command, and says how where it is not.
fn programs(shell: &Shell) -> Result<()> {
    let is_there = |probe: &str| {
        let mut words = probe.split(' ');
        let program = words.next().unwrap_or_default();
        cmd!(shell, "{program} {words...}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
    };
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(probe, _)| !is_there(probe))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = cmd!(shell, "id -u").quiet().read()? == "0";
    if !is_root || !is_there("apt-get --version") {
        bail!(
            "the tests need what Debian installs with: apt-get install {}",
            missing.join(" ")
        );
    }
    step(&format!("Installing {}", missing.join(", ")));
    cmd!(shell, "apt-get update --quiet --quiet").run()?;
    cmd!(
        shell,
        "apt-get install --quiet --quiet --yes --no-install-recommends {missing...}"
    )
    .run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Tally, closing_line};

    #[test]
    fn every_runners_closing_line_is_counted_and_nothing_else() {
        for (line, passed, failed) in [
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                12,
                0,
            ),
            (
                "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
                2,
                3,
            ),
            ("1 failed, 7 passed, 2 errors in 3.41s", 7, 3),
            ("7 passed in 63.41s (0:01:03)", 7, 0),
            ("      Tests  1 failed | 8 passed (9)", 8, 1),
        ] {
            assert_eq!(closing_line(line), Some(Tally { passed, failed }), "{line}");
        }
        for line in [
            "test tests::a ... ok",
            " Test Files  1 passed (1)",
            "running 3 tests",
            "3 passed the exam",
        ] {
            assert_eq!(closing_line(line), None, "{line}");
        }
    }
}
