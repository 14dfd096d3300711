//! Turns the frontend's build into the table that `src/asset.rs` includes: one entry for each file, with its compressed
//! forms, media type and entity tags. Everything that can be known before a request comes is decided here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// Characters of a content hash in an entity tag: 64 bits tell the few versions of one file apart.
const TAG_HEX_DIGITS: usize = 16;

fn main() {
    if let Err(reason) = generate() {
        println!("cargo::error={reason}");
    }
}

fn generate() -> Result<(), String> {
    let crate_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let dist = crate_dir.join("../../frontend/dist");
    let document = crate_dir.join("openapi.json");
    // From the crate's folder, because clones of the repository may share a target folder.
    println!("cargo::rerun-if-changed=../../frontend/dist");
    println!("cargo::rerun-if-changed=openapi.json");

    if !dist.join("index.html").is_file() {
        return Err("the frontend is not built: run `npm ci && npm run build` in frontend/ first".into());
    }
    if read(&document)? != read(&dist.join("openapi.json"))? {
        return Err(
            "the API document changed after the frontend was built: run `npm run build` in frontend/ again".into(),
        );
    }

    let mut files = Vec::new();
    walk(&dist, &mut files)?;
    let mut assets = files
        .iter()
        .filter(|file| !is_compressed(file))
        .map(|file| Ok((url_path(&dist, file)?, file)))
        .collect::<Result<Vec<_>, String>>()?;
    // The lookup is a binary search.
    assets.sort();

    let mut table = String::from("&[\n");
    for (path, file) in assets {
        entry(&mut table, &out_dir, &path, file)?;
    }
    table.push_str("]\n");
    fs::write(out_dir.join("assets.rs"), table).map_err(|error| error.to_string())
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            walk(&path, files)?
        } else {
            files.push(path)
        }
    }
    Ok(())
}

fn is_compressed(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "br" || extension == "gz")
}

/// Where a file is served: an `index.html` stands for its directory.
fn url_path(dist: &Path, file: &Path) -> Result<String, String> {
    let relative = file
        .strip_prefix(dist)
        .ok()
        .and_then(Path::to_str)
        .ok_or("file names are UTF-8")?;
    let path = format!("/{}", relative.replace('\\', "/"));
    if path
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'%' | b'?' | b'#' | b'"'))
    {
        return Err(format!(
            "{path}: a file name that needs no escaping in an address is easier to find"
        ));
    }
    let directory = path
        .strip_suffix("index.html")
        .map(|directory| directory.trim_end_matches('/'));
    Ok(match directory {
        Some("") => "/".into(),
        Some(directory) => directory.into(),
        None => path,
    })
}

fn entry(table: &mut String, out_dir: &Path, path: &str, file: &Path) -> Result<(), String> {
    let content_type = content_type(file)?;
    // The bundler puts a content hash into every name of this directory.
    let caching = if path.starts_with("/assets/") {
        "Immutable"
    } else {
        "Revalidate"
    };
    let tag = hex(&Sha256::digest(read(file)?));
    let form = |coding: &str| {
        let suffixed = PathBuf::from(format!("{}.{coding}", file.display()));
        // Two forms of one file are different bytes, so their strong tags differ too.
        match suffixed.is_file() {
            true => Ok(format!(
                "Some({})",
                self::form(out_dir, &suffixed, &format!("{tag}-{coding}"))?
            )),
            false => Ok::<_, String>("None".into()),
        }
    };
    writeln!(
        table,
        "Asset {{ path: {path:?}, content_type: {content_type:?}, caching: Caching::{caching}, identity: {}, brotli: {}, gzip: {} }},",
        self::form(out_dir, file, &tag)?,
        form("br")?,
        form("gz")?,
    )
    .map_err(|error| error.to_string())
}

/// Code of one form. It includes a copy beside the table, not the file of this clone, whose path the table would keep.
fn form(out_dir: &Path, file: &Path, tag: &str) -> Result<String, String> {
    fs::copy(file, out_dir.join(tag)).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(format!(
        "Form {{ bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{tag}\")), etag: \"\\\"{tag}\\\"\" }}"
    ))
}

fn content_type(file: &Path) -> Result<&'static str, String> {
    Ok(match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => {
            return Err(format!(
                "{}: no media type is known for this extension; add it to build.rs",
                file.display()
            ));
        }
    })
}

fn hex(hash: &[u8]) -> String {
    let mut hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(TAG_HEX_DIGITS);
    hex
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}
