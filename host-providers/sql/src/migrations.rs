//! Forward-only migrations: a folder of `NNNN_name.sql`, and the history of what a database has applied.
//!
//! A text is written in the common subset of the databases. Where that is not possible, `NNNN_name.postgres.sql` stands
//! beside `NNNN_name.sql` and is run there instead; the history and exports know both by the common text, so that what was
//! exported from one database fits the other.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// Whose migrations they are: the two histories are numbered apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The provider's own tables.
    Host,
    /// The application's.
    Components,
}

impl Owner {
    /// As it stands in the history.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Components => "components",
        }
    }
}

/// How the file name of PostgreSQL's own text ends.
const POSTGRES_SUFFIX: &str = ".postgres.sql";

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The file name of the common text.
    pub name: String,
    /// The common text.
    pub sql: String,
    /// PostgreSQL's text, where it differs.
    pub postgres: Option<String>,
}

impl Migration {
    /// Part of a program: the same text for its one database.
    pub fn built_in(name: &str, sql: &str) -> Self {
        Self {
            name: name.to_owned(),
            sql: sql.to_owned(),
            postgres: None,
        }
    }

    /// SHA-256 of the common text in lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.sql))
    }
}

/// Why the migrations are not usable.
#[derive(Debug, thiserror::Error)]
pub enum MigrationsError {
    /// A file or the folder could not be read.
    #[error("{path}: {source}")]
    File {
        /// What was read.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A migration breaks a rule, or is not the continuation of what was applied.
    #[error("migration {name}: {reason}")]
    Refused {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn refuse<T>(name: &str, reason: impl Into<String>) -> Result<T, MigrationsError> {
    Err(MigrationsError::Refused {
        name: name.to_owned(),
        reason: reason.into(),
    })
}

/// The folder's migrations by number.
///
/// # Errors
/// A file that can not be read, a name that is not `NNNN_name.sql`, a number twice, a deferred constraint.
pub fn read(dir: &Path) -> Result<Vec<Migration>, MigrationsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| MigrationsError::File { path, source }
    };
    let (mut migrations, mut variants) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let path = entry.map_err(failed(dir))?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sql = fs::read_to_string(&path).map_err(failed(&path))?;
        match name.strip_suffix(POSTGRES_SUFFIX) {
            Some(stem) => variants.push((format!("{stem}.sql"), sql)),
            None => migrations.push(Migration::built_in(&name, &sql)),
        }
    }
    for (name, sql) in variants {
        match migrations.iter_mut().find(|migration| migration.name == name) {
            Some(migration) => migration.postgres = Some(sql),
            None => return refuse(&name, "is missing beside the text for PostgreSQL"),
        }
    }
    migrations.sort_by(|a, b| a.name.cmp(&b.name));
    check(&migrations)?;
    Ok(migrations)
}

fn check(migrations: &[Migration]) -> Result<(), MigrationsError> {
    let mut numbers = HashSet::new();
    for Migration { name, sql, postgres } in migrations {
        let number = name.split_once('_').map_or("", |(number, _)| number);
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse(name, "is not named NNNN_name.sql");
        }
        if !numbers.insert(number) {
            return refuse(name, "has a number that another one has");
        }
        // A deferred constraint would fail at COMMIT: nobody could say which statement's fault it is.
        for text in [Some(sql), postgres.as_ref()].into_iter().flatten() {
            if text.to_ascii_lowercase().contains("initially deferred") {
                return refuse(
                    name,
                    "has a deferred constraint; constraints are checked by each statement",
                );
            }
        }
    }
    Ok(())
}

/// Those of `migrations` that come after what was `applied` (name and SHA-256, in order).
///
/// # Errors
/// What was applied is missing, was changed, or is no longer first.
pub fn pending<'a>(
    applied: &[(String, String)],
    migrations: &'a [Migration],
) -> Result<&'a [Migration], MigrationsError> {
    for (position, (name, sha256)) in applied.iter().enumerate() {
        match migrations.get(position) {
            Some(migration) if migration.name == *name && migration.sha256() == *sha256 => {}
            Some(migration) if migration.name == *name => return refuse(name, "was changed after it was applied"),
            Some(migration) if migrations.iter().any(|m| m.name == *name) => {
                let first = &migration.name;
                return refuse(
                    name,
                    format!("comes after {first}, which is new; only the end can be added to"),
                );
            }
            _ => return refuse(name, "was applied to this database and is missing now"),
        }
    }
    Ok(&migrations[applied.len()..])
}

#[cfg(test)]
mod tests {
    use super::{Migration, pending, read};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        for (name, sql) in files {
            std::fs::write(dir.path().join(name), sql).expect("a file is written");
        }
        dir
    }

    #[test]
    fn a_text_for_postgresql_stands_beside_the_common_one() {
        let dir = folder(&[("0001_a.sql", "a"), ("0001_a.postgres.sql", "b"), ("0002_c.sql", "c")]);
        let migrations = read(dir.path()).expect("the folder is read");
        let names: Vec<_> = migrations.iter().map(|migration| migration.name.as_str()).collect();
        assert_eq!(names, ["0001_a.sql", "0002_c.sql"]);
        assert_eq!(migrations[0].postgres.as_deref(), Some("b"));
        assert_eq!(migrations[0].sha256(), Migration::built_in("x", "a").sha256());
        assert!(read(folder(&[("0001_a.postgres.sql", "b")]).path()).is_err());
    }

    #[test]
    fn only_the_end_can_be_added_to() {
        let all = ["0001_a.sql", "0002_b.sql", "0003_c.sql"].map(|name| Migration::built_in(name, name));
        let applied: Vec<_> = all.iter().map(|m| (m.name.clone(), m.sha256())).collect();
        assert_eq!(pending(&applied[..2], &all).expect("a continuation"), &all[2..]);
        for (applied, present) in [(&applied[..], &all[..2]), (&applied[1..], &all[..])] {
            assert!(pending(applied, present).is_err());
        }
        let changed = [Migration::built_in("0001_a.sql", "other")];
        assert!(pending(&applied[..1], &changed).is_err());
    }
}
