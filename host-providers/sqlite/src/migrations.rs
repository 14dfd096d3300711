//! Forward-only migrations: the host's own, which are part of the program, then the components'.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::OpenError;
use crate::session::Session;
use crate::time::now_ms;

/// Tables of the provider. Their names begin with `host_`, which components can not use.
const HOST: [(&str, &str); 3] = [
    ("0001_log.sql", include_str!("../migrations/0001_log.sql")),
    ("0002_jobs.sql", include_str!("../migrations/0002_jobs.sql")),
    ("0003_probe.sql", include_str!("../migrations/0003_probe.sql")),
];

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS host_migrations (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID";

/// Whose migrations they are: the two histories are numbered apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Host,
    Components,
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Components => "components",
        }
    }
}

struct Migration {
    name: String,
    sql: String,
}

/// Applies what is new. What was applied before must be there, unchanged, and come first.
pub(crate) fn migrate(session: &Session, components_dir: &Path) -> Result<(), OpenError> {
    session.as_host().execute_batch(HISTORY)?;
    let own = HOST.map(|(name, sql)| Migration {
        name: name.to_owned(),
        sql: sql.to_owned(),
    });
    apply(session, Owner::Host, &own)?;
    apply(session, Owner::Components, &read(components_dir)?)
}

/// Name and SHA-256 of each component migration that was applied, in order.
pub(crate) fn applied(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    history(connection, Owner::Components)
}

fn apply(session: &Session, owner: Owner, migrations: &[Migration]) -> Result<(), OpenError> {
    let applied = history(session.as_host(), owner)?;
    for (position, (name, sha256)) in applied.iter().enumerate() {
        let refuse = |reason: &str| {
            Err(OpenError::Migration {
                name: name.clone(),
                reason: reason.to_owned(),
            })
        };
        match migrations.get(position) {
            Some(migration) if migration.name == *name && sha256_hex(&migration.sql) == *sha256 => {}
            Some(migration) if migration.name == *name => return refuse("was changed after it was applied"),
            Some(migration) if migrations.iter().any(|m| m.name == *name) => {
                let reason = format!(
                    "comes after {}, which is new; only the end can be added to",
                    migration.name
                );
                return refuse(&reason);
            }
            _ => return refuse("was applied to this database and is missing now"),
        }
    }
    for migration in &migrations[applied.len()..] {
        let failed = |error: rusqlite::Error| OpenError::Migration {
            name: migration.name.clone(),
            reason: error.to_string(),
        };
        session.as_host().execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        let result = run(session, owner, migration);
        session
            .as_host()
            .execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })
            .map_err(failed)?;
        result.map_err(failed)?;
        tracing::info!(owner = owner.name(), name = migration.name, "applied a migration");
    }
    Ok(())
}

fn run(session: &Session, owner: Owner, migration: &Migration) -> rusqlite::Result<()> {
    let connection = match owner {
        Owner::Host => session.as_host(),
        Owner::Components => session.as_migration(),
    };
    connection.execute_batch(&migration.sql)?;
    session.as_host().execute(
        "INSERT INTO host_migrations (owner, name, sha256, applied_at) VALUES (?1, ?2, ?3, ?4)",
        params![
            owner.name(),
            migration.name,
            sha256_hex(&migration.sql),
            now_ms().cast_signed()
        ],
    )?;
    Ok(())
}

fn history(connection: &Connection, owner: Owner) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare("SELECT name, sha256 FROM host_migrations WHERE owner = ?1 ORDER BY name")?
        .query_map([owner.name()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The folder's `NNNN_name.sql` files by number.
fn read(dir: &Path) -> Result<Vec<Migration>, OpenError> {
    let failed = |source| OpenError::File {
        path: dir.to_owned(),
        source,
    };
    let mut migrations = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sql = fs::read_to_string(&path).map_err(|source| OpenError::File { path, source })?;
        migrations.push(Migration { name, sql });
    }
    migrations.sort_by(|a, b| a.name.cmp(&b.name));
    check(&migrations)?;
    Ok(migrations)
}

fn check(migrations: &[Migration]) -> Result<(), OpenError> {
    let mut numbers = HashSet::new();
    for Migration { name, sql } in migrations {
        let refuse = |reason: &str| {
            Err(OpenError::Migration {
                name: name.clone(),
                reason: reason.to_owned(),
            })
        };
        let Some((number, _)) = name.split_once('_') else {
            return refuse("is not named NNNN_name.sql");
        };
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse("is not named NNNN_name.sql");
        }
        if !numbers.insert(number) {
            return refuse("has a number that another one has");
        }
        // A deferred constraint would fail at COMMIT, which is shared: nobody could say whose fault it is.
        if sql.to_ascii_lowercase().contains("initially deferred") {
            return refuse("has a deferred constraint; constraints are checked by each statement");
        }
    }
    Ok(())
}

fn sha256_hex(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
            // Writing to a String can not fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}
