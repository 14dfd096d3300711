//! Where things are, and what must be installed before they can be built.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

/// The target every component is built for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// Read by the build of `openssl-sys`.
pub(crate) const NO_VENDORED_OPENSSL: &str = "OPENSSL_NO_VENDOR";

/// The repository's root: of the clone this was started in, though another one may have compiled it into the target folder
/// that they share.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("started by `cargo xtask`");
        let root = Path::new(&package)
            .parent()
            .expect("xtask is a folder of the repository");
        root.to_owned()
    });
    &ROOT
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, or `target/`.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where tools and environments of the tests are kept between runs: `DAYLOOM_CACHE`, or `target/cache`.
pub(crate) fn cache_dir() -> PathBuf {
    std::env::var_os("DAYLOOM_CACHE").map_or_else(|| root().join("target/cache"), PathBuf::from)
}

/// The host binary, once built.
pub(crate) fn dayloom() -> PathBuf {
    target_dir().join("release/dayloom")
}

/// Says what happens next, so that a long build is not a silent one.
pub(crate) fn step(text: &str) {
    eprintln!("\n\x1b[1m▸ {text}\x1b[0m");
}

/// Adds the wasm target if it is missing: no toolchain installs itself.
pub(crate) fn ensure_wasm_target(shell: &Shell) -> Result<()> {
    let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
    if Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    step(&format!("Adding the Rust target {WASM_TARGET}"));
    cmd!(shell, "rustup target add {WASM_TARGET}")
        .run()
        .with_context(|| format!("Rust's standard library for {WASM_TARGET} is missing, and rustup could not add it"))
}

/// Has Kafka's client linked with the system's OpenSSL where its headers are installed: building it takes minutes.
pub(crate) fn take_system_openssl(shell: &Shell) {
    let has_headers = cmd!(shell, "pkg-config --exists openssl").quiet().ignore_stderr().run();
    if has_headers.is_ok() {
        shell.set_var(NO_VENDORED_OPENSSL, "1");
    }
}

/// Fails with a sentence that helps when a program is not installed.
pub(crate) fn require(shell: &Shell, program: &str, why: &str) -> Result<()> {
    if cmd!(shell, "{program} --version")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err()
    {
        bail!("`{program}` is not installed: {why}");
    }
    Ok(())
}
