//! Compiled components, kept between starts: the suites start the same applications many times.
//!
//! A compiled file is machine code that the engine runs as it is, so only files that this program wrote are loaded: they lie
//! in a folder that nobody else can enter, under a name that stands for the exact source and engine.

use std::{
    fs::{self, DirBuilder},
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::PathBuf,
};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

use crate::app::told;

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

pub(crate) struct Cache {
    folder: PathBuf,
    engine: u64,
}

impl Cache {
    /// The cache below `DAYLOOM_CACHE`, or below the folder for temporary files.
    pub(crate) fn open(engine: &Engine) -> anyhow::Result<Self> {
        let below = std::env::var_os("DAYLOOM_CACHE").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = below.join("spin-test-host");
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("can not make {}", folder.display()))?;
        let data = fs::metadata(&folder)?;
        let is_ours = data.uid() == fs::metadata("/proc/self")?.uid();
        ensure!(
            is_ours && data.permissions().mode() & OTHERS == 0,
            "{} must be nobody else's: remove it",
            folder.display()
        );
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder,
            engine: hasher.finish(),
        })
    }

    /// The component, compiled now or before.
    pub(crate) fn component(&self, engine: &Engine, wasm: &[u8]) -> anyhow::Result<Component> {
        let digest: String = Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect();
        let kept = self.folder.join(format!("{digest}-{:016x}.cwasm", self.engine));
        if kept.is_file() {
            return load(engine, &kept);
        }
        let component = Component::new(engine, wasm).map_err(told)?;
        // Written aside first: whoever looks meanwhile sees all of it or none.
        let aside = kept.with_extension(std::process::id().to_string());
        fs::write(&aside, component.serialize().map_err(told)?)?;
        fs::rename(&aside, &kept)?;
        Ok(component)
    }
}

#[allow(unsafe_code, reason = "machine code from a file; see the SAFETY comment")]
fn load(engine: &Engine, kept: &std::path::Path) -> anyhow::Result<Component> {
    // SAFETY: the file holds what `Component::serialize` of this very engine configuration returned, because its name carries
    // the configuration's hash, it appeared under that name whole, and nobody but this process's user can enter its folder.
    let loaded = unsafe { Component::deserialize_file(engine, kept) };
    loaded.map_err(told)
}
