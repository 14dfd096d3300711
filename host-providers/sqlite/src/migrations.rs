//! Forward-only migrations: the host's own, which are part of the program, then the components'.

use std::path::Path;

use dayloom_sql::migrations::{Migration, Owner, pending, read};
use rusqlite::{Connection, params};

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

/// Applies what is new. What was applied before must be there, unchanged, and come first.
pub(crate) fn migrate(session: &Session, components_dir: &Path) -> Result<(), OpenError> {
    session.as_host().execute_batch(HISTORY)?;
    let own = HOST.map(|(name, sql)| Migration::built_in(name, sql));
    apply(session, Owner::Host, &own)?;
    apply(session, Owner::Components, &read(components_dir)?)
}

/// Name and SHA-256 of each component migration that was applied, in order.
pub(crate) fn applied(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    history(connection, Owner::Components)
}

fn apply(session: &Session, owner: Owner, migrations: &[Migration]) -> Result<(), OpenError> {
    let applied = history(session.as_host(), owner)?;
    for migration in pending(&applied, migrations)? {
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
        params![owner.name(), migration.name, migration.sha256(), now_ms().cast_signed()],
    )?;
    Ok(())
}

fn history(connection: &Connection, owner: Owner) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare("SELECT name, sha256 FROM host_migrations WHERE owner = ?1 ORDER BY name")?
        .query_map([owner.name()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
