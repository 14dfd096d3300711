//! Fills an empty database from an export, in parts that are each durable, so that an import that was cut off goes on.
//!
//! Rows come table by table, so foreign keys hold only at the end: they are dropped at the start, noted in the import's
//! row, and added again in the last transaction, which checks them all. While that row is there no host opens.

use std::io::{self, BufRead};
use std::path::Path;

use dayloom_ports::Value;
use dayloom_sql::transfer::{LineError, Reader, TransferReport, quoted};
use futures::future::try_join_all;
use tokio_postgres::{Client, Statement};

use crate::connections::{Connector, Purpose};
use crate::error::{SqlError, told};
use crate::migrations::{applied, columns, migrate, tables};
use crate::value::{Parameter, declared};
use crate::{OpenError, PostgresConfig, catalog};

/// Rows that are written and made durable together: enough for the round trips not to count.
const PART_ROWS_MAX: usize = 1_000;

/// Bytes of text in such a part, but for its last row.
const PART_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Held while importing: the key of the migrations' lock, plus one.
const LOCK: i64 = 0x0064_6179_6c6f_6f6e;

const FOREIGN_KEYS: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname";

/// Why tables were not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading or writing the lines failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A cell that no component can have written.
    #[error("{table}: {reason}")]
    Cell {
        /// The table.
        table: String,
        /// What is wrong.
        reason: String,
    },
    /// The tables have rows already.
    #[error("the database is not empty: {0} has rows")]
    NotEmpty(String),
    /// An import into this database was begun and not finished, or another one is under way.
    #[error("an import into this database is not finished; run it again with the same export, or drop the database")]
    Unfinished,
    /// The lines are not an export of this version and these migrations, or were damaged, or contradict themselves.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// PostgreSQL's answer.
    #[error("database: {0}")]
    Database(String),
}

impl From<LineError> for TransferError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Io(error) => Self::Io(error),
            LineError::Malformed { line, reason } => Self::Malformed { line, reason },
        }
    }
}

impl From<SqlError> for TransferError {
    fn from(error: SqlError) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<tokio_postgres::Error> for TransferError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(told(&error))
    }
}

/// Fills an empty database from an export. No host may be running on it; none opens until the import is finished.
///
/// If it is cut off, by whatever, the same call with the same export goes on behind the last part that was written. If the
/// export turns out to be damaged, the database is empty again. Components' migrations have to be those of the export. The
/// reader blocks.
///
/// # Errors
/// See [`TransferError`].
pub async fn import(
    config: &PostgresConfig,
    migrations_dir: &Path,
    reader: impl BufRead,
) -> Result<TransferReport, TransferError> {
    let client = Connector::new(config.clone())?.client(Purpose::Maintain).await?;
    catalog::check_server(&client).await?;
    migrate(&client, migrations_dir).await?;
    let is_alone: bool = client
        .query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])
        .await?
        .get(0);
    if !is_alone {
        return Err(TransferError::Unfinished);
    }
    let tables = tables(&client).await?;
    let lines = Reader::begin(reader, &applied(&client).await?, &tables)?;
    let done = begin(&client, &tables, lines.id()).await?;
    match fill(&client, &tables, lines, done).await {
        // What is in may be as damaged as what was read now.
        Err(error @ TransferError::Malformed { .. }) => {
            abandon(&client, &tables).await?;
            Err(error)
        }
        result => result,
    }
}

/// Whether an import was begun and not finished.
pub(crate) async fn is_under_way(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM host_import)";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// How far an import is.
struct Done {
    rows: u64,
    /// Of the export up to there.
    sha256: String,
}

/// Notes that the import begins, or finds how far it is.
async fn begin(client: &Client, tables: &[String], export: &str) -> Result<Done, TransferError> {
    let under_way = client
        .query_opt("SELECT export, rows_done, sha256 FROM host_import", &[])
        .await?;
    if let Some(row) = under_way {
        if row.get::<_, &str>(0) != export {
            return Err(TransferError::Unfinished);
        }
        return Ok(Done {
            rows: row.get::<_, i64>(1).cast_unsigned(),
            sha256: row.get(2),
        });
    }
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", quoted(table));
        if client.query_one(&sql, &[]).await?.get(0) {
            return Err(TransferError::NotEmpty(table.clone()));
        }
    }
    let keys = client.query(FOREIGN_KEYS, &[]).await?;
    let restore: Vec<&str> = keys.iter().map(|row| row.get(1)).collect();
    client.batch_execute("BEGIN").await?;
    for key in &keys {
        client.batch_execute(key.get(0)).await?;
    }
    let sql = "INSERT INTO host_import (id, export, rows_done, sha256, constraints) VALUES (1, $1, 0, '', $2)";
    client.execute(sql, &[&export, &restore]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(Done {
        rows: 0,
        sha256: String::new(),
    })
}

async fn fill(
    client: &Client,
    tables: &[String],
    mut lines: Reader<impl BufRead>,
    done: Done,
) -> Result<TransferReport, TransferError> {
    let mut read = 0;
    for table in tables {
        let columns = columns(client, table).await?;
        lines.table(table, &columns)?;
        let insert = client.prepare(&insert_sql(table, &columns)).await?;
        let mut part = Part::default();
        for _ in 0..lines.tables()[table] {
            let row = lines.row(columns.len())?;
            read += 1;
            if read <= done.rows {
                if read == done.rows && lines.digest() != done.sha256 {
                    return Err(TransferError::Unfinished);
                }
                continue;
            }
            if let Err(reason) = part.add(row, &insert) {
                return Ok(lines.malformed(&reason)?);
            }
            if part.is_full() {
                part.write(client, &insert, &mut lines).await?;
            }
        }
        part.write(client, &insert, &mut lines).await?;
        lines.end_table(table);
    }
    let (report, last_line) = {
        let line = lines.line();
        (lines.finish()?, line)
    };
    finish(client, last_line).await?;
    Ok(report)
}

/// Rows that are not written yet.
#[derive(Default)]
struct Part {
    rows: Vec<Vec<Value>>,
    bytes: usize,
}

impl Part {
    /// Adds a row, if its cells are what the table's columns hold.
    fn add(&mut self, row: Vec<Value>, insert: &Statement) -> Result<(), String> {
        for (cell, kind) in row.iter().zip(insert.params()) {
            match declared(cell, kind) {
                Ok(None) => {}
                Ok(Some(own)) => return Err(format!("has a cell of type {own} for a column of type {kind}")),
                Err(_) => return Err(format!("has a cell that a column of type {kind} does not hold")),
            }
            if let Value::Text(text) = cell {
                self.bytes += text.len();
                if text.contains('\0') {
                    return Err("has a text with a NUL character, which PostgreSQL does not hold".to_owned());
                }
            }
        }
        self.rows.push(row);
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= PART_ROWS_MAX || self.bytes >= PART_BYTES_MAX
    }

    /// Writes the rows and how far the import is now, in one transaction and one flush.
    async fn write(
        &mut self,
        client: &Client,
        insert: &Statement,
        lines: &mut Reader<impl BufRead>,
    ) -> Result<(), TransferError> {
        let Self { rows, .. } = std::mem::take(self);
        if rows.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let digest = lines.digest();
        let note = "UPDATE host_import SET rows_done = rows_done + $1, sha256 = $2";
        let inserts = rows
            .iter()
            .map(|row| client.execute_raw(insert, row.iter().map(Parameter)));
        client.batch_execute("BEGIN").await?;
        let written = try_join_all(inserts).await;
        match written.map_err(|error| (told(&error), SqlError::from(error))) {
            Ok(_) => {}
            Err((reason, SqlError::Violation | SqlError::Invalid(_) | SqlError::TooLarge(_) | SqlError::Aborted)) => {
                client.batch_execute("ROLLBACK").await?;
                return Ok(lines.malformed(&format!("a row before it does not fit: {reason}"))?);
            }
            Err((reason, _)) => return Err(TransferError::Database(reason)),
        }
        client.execute(note, &[&count, &digest]).await?;
        client.batch_execute("COMMIT").await?;
        Ok(())
    }
}

fn insert_sql(table: &str, columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let slots: Vec<String> = (1..=columns.len()).map(|slot| format!("${slot}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quoted(table),
        names.join(", "),
        slots.join(", ")
    )
}

/// Puts the foreign keys back, which checks them, and forgets the import.
async fn finish(client: &Client, line: u64) -> Result<(), TransferError> {
    client.batch_execute("BEGIN").await?;
    for statement in constraints(client).await? {
        if let Err(error) = client.batch_execute(&statement).await {
            let reason = told(&error);
            client.batch_execute("ROLLBACK").await?;
            return Err(match SqlError::from(error) {
                SqlError::Violation => TransferError::Malformed { line, reason },
                _ => TransferError::Database(reason),
            });
        }
    }
    client.execute("DELETE FROM host_import", &[]).await?;
    client.batch_execute("COMMIT; ANALYZE").await?;
    Ok(())
}

/// Makes the database as empty as it was.
async fn abandon(client: &Client, tables: &[String]) -> Result<(), TransferError> {
    client.batch_execute("BEGIN").await?;
    for table in tables {
        client.batch_execute(&format!("DELETE FROM {}", quoted(table))).await?;
    }
    for statement in constraints(client).await? {
        client.batch_execute(&statement).await?;
    }
    client.execute("DELETE FROM host_import", &[]).await?;
    client.batch_execute("COMMIT").await?;
    Ok(())
}

async fn constraints(client: &Client) -> Result<Vec<String>, tokio_postgres::Error> {
    let row = client.query_one("SELECT constraints FROM host_import", &[]).await?;
    Ok(row.get(0))
}
