//! Files of the repository that are made from others.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::root;

/// Writes the OpenAPI document that the `web` component serves, and from it the page's types. Tests fail while the one
/// differs from the code or the other from the document.
pub(crate) fn openapi(shell: &Shell) -> Result<()> {
    let document = cmd!(shell, "cargo run --quiet --release --package dayloom-openapi").read()?;
    shell.write_file(root().join("components/web/openapi.json"), document + "\n")?;
    crate::build::page_tools(shell)?;
    let _frontend = shell.push_dir(root().join("frontend"));
    cmd!(shell, "npm run --silent generate").run()?;
    Ok(())
}

/// Where each vendored package of `wit/deps` comes from: a crate of crates.io, its version, and the folder inside it.
const VENDORED: [(&str, &str, &str, &[&str]); 9] = [
    ("wasi-cli@0.2.12", "wasip2", WASIP2, &["wit/deps/cli.wit"]),
    ("wasi-clocks@0.2.12", "wasip2", WASIP2, &["wit/deps/clocks.wit"]),
    ("wasi-filesystem@0.2.12", "wasip2", WASIP2, &["wit/deps/filesystem.wit"]),
    ("wasi-http@0.2.12", "wasip2", WASIP2, &["wit/deps/http.wit"]),
    ("wasi-io@0.2.12", "wasip2", WASIP2, &["wit/deps/io.wit"]),
    ("wasi-random@0.2.12", "wasip2", WASIP2, &["wit/deps/random.wit"]),
    ("wasi-sockets@0.2.12", "wasip2", WASIP2, &["wit/deps/sockets.wit"]),
    (
        "wasi-keyvalue@0.2.0-draft2",
        "spin-sdk",
        SPIN_SDK,
        &["atomic.wit", "batch.wit", "store.wit", "watch.wit", "world.wit"],
    ),
    (
        "wasi-config@0.2.0-draft-2024-09-27",
        "spin-sdk",
        SPIN_SDK,
        &["store.wit", "world.wit"],
    ),
];
const WASIP2: &str = "1.0.4+wasi-0.2.12";
const SPIN_SDK: &str = "5.2.0";

/// Copies the vendored WIT packages anew, through a throw-away crate that fetches the crates they ship in.
pub(crate) fn vendor_wit(shell: &Shell) -> Result<()> {
    let scratch = shell.create_temp_dir()?;
    let _in_scratch = shell.push_dir(scratch.path());
    cmd!(shell, "cargo init --quiet --name vendor").run()?;
    cmd!(shell, "cargo add --quiet wasip2@={WASIP2} spin-sdk@={SPIN_SDK}").run()?;
    let metadata = cmd!(shell, "cargo metadata --format-version 1").read()?;
    for (package, krate, version, files) in VENDORED {
        let source =
            source_of(&metadata, krate, version).with_context(|| format!("{krate} {version} was not fetched"))?;
        let folder = match package.split_once('@').expect("a package has a version").0 {
            "wasi-keyvalue" => source.join("wit/deps/keyvalue-2024-10-17"),
            "wasi-config" => source.join("wit/deps/wasi-runtime-config-2024-09-27"),
            _ => source,
        };
        let wanted = root().join("wit/deps").join(package);
        shell.create_dir(&wanted)?;
        for file in files {
            let from = folder.join(file);
            let name = from.file_name().expect("a file has a name").to_owned();
            shell.copy_file(&from, wanted.join(name))?;
        }
    }
    Ok(())
}

/// The folder of a fetched crate, from `cargo metadata`'s `manifest_path`.
fn source_of(metadata: &str, krate: &str, version: &str) -> Option<PathBuf> {
    let folder = format!("{krate}-{version}/Cargo.toml\"");
    let end = metadata.find(&folder)? + folder.len() - 1;
    let start = metadata[..end].rfind('"')? + 1;
    PathBuf::from(&metadata[start..end]).parent().map(PathBuf::from)
}
