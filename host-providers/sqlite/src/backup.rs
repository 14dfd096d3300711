use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::connection::open_beside;
use crate::data_dir::database_path;

/// Why no backup was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database to copy.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The target directory has a database already; it is never overwritten.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A file or directory could not be made.
    #[error("{path}: {source}")]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite's answer.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Copies the database of `data_dir` into `to_dir` (made with mode 0700), as of one moment, and returns the new file.
///
/// Works beside a running host, which goes on reading and writing. The copy is compacted, needs no write-ahead log, and
/// is on durable media under its name only when it is whole. `to_dir` can be opened as a data directory.
///
/// # Errors
/// See [`BackupError`]; nothing is left under the new file's name.
pub fn backup(data_dir: &Path, to_dir: &Path) -> Result<PathBuf, BackupError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    let from = database_path(data_dir);
    if !from.exists() {
        return Err(BackupError::Missing(from));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(to_dir)
        .map_err(failed(to_dir))?;
    let to = database_path(to_dir);
    if to.exists() {
        return Err(BackupError::Exists(to));
    }
    let partial = to.with_extension("partial");
    // SQLite takes an empty file as its target, so the copy is private from its first byte. What is there already is
    // what an earlier backup left when it was killed.
    let file = File::create(&partial).map_err(failed(&partial))?;
    let made = file
        .set_permissions(Permissions::from_mode(0o600))
        .map_err(failed(&partial))
        .and_then(|()| {
            open_beside(&from)?.execute("VACUUM INTO ?1", [partial.to_string_lossy()])?;
            // SQLite does not sync the target.
            file.sync_all().map_err(failed(&partial))?;
            fs::rename(&partial, &to).map_err(failed(&to))?;
            File::open(to_dir)
                .and_then(|dir| dir.sync_all())
                .map_err(failed(to_dir))
        });
    if made.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    made.map(|()| to)
}
