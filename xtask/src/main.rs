//! `cargo xtask <command>`: everything a developer does with this repository, in one list.

mod build;
mod generate;
mod lint;
mod servers;
mod spin;
mod test;
mod tools;
mod up;

use anyhow::{Result, bail};
use xshell::Shell;

const USAGE: &str = "\
usage: cargo xtask <command>

  build         the page, every component, what Spin runs, and the host, into target/
  spin          the components and what Spin runs of them, into target/
  up [ARGS…]    build, then serve the application on http://127.0.0.1:3000 (ARGS go to `dayloom up`)
  servers up|down|status
                PostgreSQL, Kafka and Redis on this machine, with the scripts of manifests/local
  test          install what the tests need, build, and run them all
  ci            what CI runs: lint, then test
  bench [ARGS…] the benchmarks of tests/bench, side by side with their twins
  openapi       write the API document from the services' code, and the page's types from it
  vendor-wit    copy the WASI packages of wit/deps from the crates that ship them
  tidy          format everything";

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let shell = Shell::new()?;
    shell.change_dir(tools::root());
    tools::take_system_openssl(&shell);
    match (command.as_str(), rest.is_empty()) {
        ("build", true) => build::all(&shell),
        ("spin", true) => build::page(&shell)
            .and_then(|()| build::components(&shell))
            .and_then(|()| spin::artefacts(&shell)),
        ("up", _) => up::run(&shell, &rest),
        ("servers", false) if rest.len() == 1 => servers::run(&shell, &rest[0]),
        ("test", true) => test::all(&shell),
        ("ci", true) => build::page(&shell)
            .and_then(|()| lint::check(&shell))
            .and_then(|()| test::all(&shell)),
        ("bench", _) => test::bench(&shell, &rest),
        ("openapi", true) => generate::openapi(&shell),
        ("vendor-wit", true) => generate::vendor_wit(&shell),
        ("tidy", true) => lint::tidy(&shell),
        _ => bail!("{USAGE}"),
    }
}
