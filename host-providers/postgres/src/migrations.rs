//! Brings the schema up to date: the host's own tables, which are part of the program, then the components'.

use std::path::Path;

use dayloom_sql::migrations::{Migration, Owner, pending, read};
use dayloom_sql::transfer::quoted;
use tokio_postgres::Client;

use crate::OpenError;
use crate::error::told;

/// Tables of the provider. Their names begin with `host_`, which components can not use.
const HOST: [(&str, &str); 3] = [
    ("0001_outbox.sql", include_str!("../migrations/0001_outbox.sql")),
    ("0002_jobs.sql", include_str!("../migrations/0002_jobs.sql")),
    ("0003_import.sql", include_str!("../migrations/0003_import.sql")),
];

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS host_migrations (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, name)
)";

/// Held while migrating, so that of hosts that start together one does it and the others find it done: "dayloom" in ASCII.
const LOCK: i64 = 0x0064_6179_6c6f_6f6d;

/// Text columns of components that are not compared by their bytes yet, as one `ALTER TABLE` for each table.
const COLLATE: &str = "SELECT format('ALTER TABLE %I %s', c.relname, string_agg(format( \
        'ALTER COLUMN %I TYPE %s COLLATE \"C\"', a.attname, format_type(a.atttypid, a.atttypmod)), ', ')) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND left(c.relname, 5) <> 'host_' \
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation = '\"default\"'::regcollation \
        AND (SELECT datcollate NOT IN ('C', 'POSIX') OR datlocprovider <> 'c' FROM pg_database \
             WHERE datname = current_database()) \
    GROUP BY c.relname";

/// Applies what is new. What was applied before must be there, unchanged, and come first.
///
/// Waits for another host that migrates. The lock goes with the connection, so a host that dies leaves nothing locked.
pub(crate) async fn migrate(client: &Client, components_dir: &Path) -> Result<(), OpenError> {
    let components = read(components_dir)?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let migrated = apply_all(client, &components).await;
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    migrated
}

async fn apply_all(client: &Client, components: &[Migration]) -> Result<(), OpenError> {
    client.batch_execute(HISTORY).await?;
    let own = HOST.map(|(name, sql)| Migration::built_in(name, sql));
    apply(client, Owner::Host, &own).await?;
    apply(client, Owner::Components, components).await
}

/// Name and SHA-256 of each component migration that was applied, in order.
pub(crate) async fn applied(client: &Client) -> Result<Vec<(String, String)>, tokio_postgres::Error> {
    history(client, Owner::Components).await
}

async fn apply(client: &Client, owner: Owner, migrations: &[Migration]) -> Result<(), OpenError> {
    let applied = history(client, owner).await?;
    for migration in pending(&applied, migrations)? {
        let failed = |error: tokio_postgres::Error| OpenError::Migration {
            name: migration.name.clone(),
            reason: told(&error),
        };
        client.batch_execute("BEGIN").await.map_err(failed)?;
        let result = run(client, owner, migration).await;
        client
            .batch_execute(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })
            .await
            .map_err(failed)?;
        result.map_err(failed)?;
        tracing::info!(owner = owner.name(), name = migration.name, "applied a migration");
    }
    Ok(())
}

async fn run(client: &Client, owner: Owner, migration: &Migration) -> Result<(), tokio_postgres::Error> {
    client
        .batch_execute(migration.postgres.as_ref().unwrap_or(&migration.sql))
        .await?;
    if owner == Owner::Components {
        for row in client.query(COLLATE, &[]).await? {
            client.batch_execute(row.get(0)).await?;
        }
    }
    let note = "INSERT INTO host_migrations (owner, name, sha256) VALUES ($1, $2, $3)";
    client
        .execute(note, &[&owner.name(), &migration.name, &migration.sha256()])
        .await?;
    Ok(())
}

async fn history(client: &Client, owner: Owner) -> Result<Vec<(String, String)>, tokio_postgres::Error> {
    let sql = "SELECT name, sha256 FROM host_migrations WHERE owner = $1 ORDER BY name COLLATE \"C\"";
    let rows = client.query(sql, &[&owner.name()]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Component tables, by name.
pub(crate) async fn tables(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = current_schema() AND c.relkind = 'r' AND left(c.relname, 5) <> 'host_' \
               ORDER BY c.relname COLLATE \"C\"";
    Ok(client.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// A table's columns in order, without generated ones, which come by themselves.
pub(crate) async fn columns(client: &Client, table: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 \
               AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    let rows = client.query(sql, &[&quoted(table)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
