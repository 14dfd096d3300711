//! Bringing a SQLite database up to date, in one transaction.

use dayloom_sql::migrations::pending;

use super::connection::Connection;
use super::failure::Failure;
use super::{begin, persistently};
use crate::migrations::{Part, fingerprint};
use crate::sql::split;
use crate::{Error, Value, now_ms};

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS host_migrations (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID";

/// The `user_version` of a database that has all of `parts`: 31 bits of their fingerprint, never 0, which an empty one has.
pub(super) fn version(parts: &[Part]) -> i64 {
    i64::try_from((fingerprint(parts, "") >> 33) | 1).unwrap_or(1)
}

/// The database's `user_version`.
pub(super) fn current(connection: &Connection) -> Result<i64, Error> {
    let rows = connection
        .execute("PRAGMA user_version", &[])
        .map_err(|failure| failure.into_error(0))?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Integer(version)) => Ok(*version),
        _ => Err(Error::Unavailable("the database does not tell its version".to_owned())),
    }
}

/// Applies what is new, or finds that another request has.
pub(super) fn migrate(parts: &[Part]) -> Result<(), Error> {
    // Readers and a writer are not in each other's way then. Kept in the file; not possible within a transaction.
    persistently(|| {
        Connection::open_failing()?
            .execute("PRAGMA journal_mode = WAL", &[])
            .map(drop)
    })
    .map_err(|failure| failure.into_error(0))?;
    let connection = begin()?;
    if current(&connection)? == version(parts) {
        return Ok(());
    }
    for part in parts {
        apply(&connection, part)?;
    }
    let version = format!("PRAGMA user_version = {}", version(parts));
    let finish = connection
        .execute(&version, &[])
        .and_then(|_| connection.execute("COMMIT", &[]));
    finish.map(drop).map_err(|failure| refused("the end", failure))
}

fn apply(connection: &Connection, Part { owner, migrations }: &Part) -> Result<(), Error> {
    connection
        .execute(HISTORY, &[])
        .map_err(|failure| refused("the history", failure))?;
    let sql = "SELECT name, sha256 FROM host_migrations WHERE owner = ?1 ORDER BY name";
    let owner_value = Value::Text((*owner).to_owned());
    let rows = connection
        .execute(sql, std::slice::from_ref(&owner_value))
        .map_err(|failure| refused("the history", failure))?;
    let applied: Vec<(String, String)> = rows
        .into_iter()
        .filter_map(|row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(name), Value::Text(sha256)]) => Some((name, sha256)),
            _ => None,
        })
        .collect();
    let pending = pending(&applied, migrations).map_err(|error| Error::Unavailable(error.to_string()))?;
    for migration in pending {
        for statement in split(&migration.sql) {
            connection
                .execute(statement, &[])
                .map_err(|failure| refused(&migration.name, failure))?;
        }
        let note = "INSERT INTO host_migrations (owner, name, sha256, applied_at) VALUES (?1, ?2, ?3, ?4)";
        let params = [
            owner_value.clone(),
            Value::Text(migration.name.clone()),
            Value::Text(migration.sha256()),
            Value::Integer(now_ms()),
        ];
        connection
            .execute(note, &params)
            .map_err(|failure| refused(&migration.name, failure))?;
        eprintln!("applied migration {owner}/{}", migration.name);
    }
    Ok(())
}

/// The deployment's matter and not the caller's, whatever it is.
fn refused(name: &str, failure: Failure) -> Error {
    Error::Unavailable(format!("migration {name}: {failure:?}"))
}
