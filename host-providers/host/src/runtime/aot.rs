//! Compiled components, kept between starts.
//!
//! Compiling takes seconds, mapping a compiled file takes microseconds. But a compiled file is machine code that the
//! engine runs as it is, so only files that this host wrote are mapped: they lie in a folder that nobody else can enter,
//! under a name that stands for the exact source and engine, beside the digest of their content. Whatever does not
//! match is compiled again.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, DirBuilder, File, Permissions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

/// Permission bits of group and others.
const OTHERS: u32 = 0o077;
/// Bytes read at once while a file's digest is taken.
const DIGEST_CHUNK_BYTES: usize = 256 * 1024;

/// A folder of compiled components.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    engine: u64,
    /// One component is compiled at a time, on all cores: the compiler takes a hundred times the memory of its input.
    compiling: Mutex<()>,
    /// File stems that this start has asked for; the rest is of older components or engines.
    used: Mutex<HashSet<OsString>>,
}

impl Cache {
    /// The cache in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// The folder can not be made, or others could write to it.
    pub(super) fn open(folder: PathBuf, engine: &Engine) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        if fs::metadata(&folder)?.permissions().mode() & OTHERS != 0 {
            let fix = format!("others can enter it; chmod go= {}", folder.display());
            return Err(io::Error::other(fix));
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder,
            engine: hasher.finish(),
            compiling: Mutex::new(()),
            used: Mutex::default(),
        })
    }

    /// The component in the file `source`, compiled now or before.
    ///
    /// # Errors
    /// The source can not be read or is no component. A cache that can not be written only costs the next start time.
    pub(super) fn component(&self, engine: &Engine, source: &Path) -> wasmtime::Result<Component> {
        let wasm = fs::read(source)?;
        let compiled = self
            .folder
            .join(format!("{}-{:016x}.cwasm", hex(&Sha256::digest(&wasm)), self.engine));
        self.used().extend(compiled.file_stem().map(ToOwned::to_owned));
        if let Some(component) = self.load(engine, &compiled) {
            return Ok(component);
        }
        let _turn = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        // Another component of the same file may have been compiled meanwhile.
        if let Some(component) = self.load(engine, &compiled) {
            return Ok(component);
        }
        tracing::info!(source = %source.display(), "compiling");
        let component = Component::new(engine, &wasm)?;
        if let Err(error) = self.store(&compiled, &component.serialize()?) {
            tracing::warn!(%error, "the compiled component was not kept");
            return Ok(component);
        }
        // Mapped from the file, its pages come as they are needed and can be dropped again.
        let component = self.load(engine, &compiled).unwrap_or(component);
        crate::allocator::give_back();
        Ok(component)
    }

    /// Removes what no component of this start has used, so that the folder does not grow with every build.
    pub(super) fn prune(&self) -> io::Result<()> {
        let used = self.used();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.file_stem().is_none_or(|stem| !used.contains(stem)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn used(&self) -> MutexGuard<'_, HashSet<OsString>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(unsafe_code, reason = "machine code from a file; see the SAFETY comment")]
    fn load(&self, engine: &Engine, compiled: &Path) -> Option<Component> {
        let expected = fs::read_to_string(digest_file(compiled)).ok()?;
        let file = File::open(compiled).ok()?;
        let shared = file.metadata().ok()?.permissions().mode() & OTHERS != 0;
        if shared || digest(file).ok()? != expected {
            tracing::warn!(file = %compiled.display(), "not the file this host wrote; compiling again");
            return None;
        }
        // SAFETY: the file holds what `Component::serialize` of this very engine configuration returned: its name
        // carries the configuration's hash, its content has the digest noted when it was written, and neither can be
        // written by anyone but the user of this process, since the folder and the file are closed to others.
        let loaded = unsafe { Component::deserialize_file(engine, compiled) };
        loaded
            .inspect_err(|error| tracing::warn!(%error, "compiling again"))
            .ok()
    }

    fn store(&self, compiled: &Path, code: &[u8]) -> io::Result<()> {
        self.write(compiled, code)?;
        self.write(&digest_file(compiled), hex(&Sha256::digest(code)).as_bytes())
    }

    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mode = Permissions::from_mode(0o600);
        let mut aside = tempfile::Builder::new().permissions(mode).tempfile_in(&self.folder)?;
        aside.write_all(content)?;
        aside.as_file().sync_all()?;
        aside.persist(path)?;
        Ok(())
    }
}

fn digest_file(compiled: &Path) -> PathBuf {
    compiled.with_extension("sha256")
}

fn digest(mut file: File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; DIGEST_CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(&chunk[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_COMPONENT: [u8; 8] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

    #[test]
    fn a_kept_component_is_loaded_and_a_changed_one_is_compiled_again() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("empty.wasm");
        fs::write(&source, EMPTY_COMPONENT).unwrap();
        let engine = Engine::default();
        let cache = Cache::open(folder.path().join("cache"), &engine).unwrap();
        cache.component(&engine, &source).unwrap();
        let compiled = fs::read_dir(&cache.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
            .unwrap();
        assert!(cache.load(&engine, &compiled).is_some());

        let mut damaged = fs::read(&compiled).unwrap();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        fs::write(&compiled, &damaged).unwrap();
        assert!(cache.load(&engine, &compiled).is_none());
        cache.component(&engine, &source).unwrap();
        assert!(cache.load(&engine, &compiled).is_some(), "compiled and kept again");

        fs::set_permissions(&compiled, Permissions::from_mode(0o666)).unwrap();
        assert!(cache.load(&engine, &compiled).is_none(), "others could have written it");
    }

    #[test]
    fn what_no_component_uses_any_more_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("empty.wasm");
        fs::write(&source, EMPTY_COMPONENT).unwrap();
        let engine = Engine::default();
        let kept = || Cache::open(folder.path().join("cache"), &engine).unwrap();
        kept().component(&engine, &source).unwrap();
        let files = || fs::read_dir(folder.path().join("cache")).unwrap().count();
        let cache = kept();
        cache.component(&engine, &source).unwrap();
        cache.prune().unwrap();
        assert_eq!(files(), 2, "the component and its digest");
        kept().prune().unwrap();
        assert_eq!(files(), 0);
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(Cache::open(folder.path().to_owned(), &Engine::default()).is_err());
    }
}
