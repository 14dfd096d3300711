use std::io::{self, BufRead};
use std::path::PathBuf;
use std::sync::Arc;

use dayloom_ports::Value;
use dayloom_sql::transfer::{LineError, Reader, TransferReport, quoted};
use rusqlite::types::Null;
use rusqlite::{Connection, Statement};

use crate::data_dir::DataDir;
use crate::export::{columns, tables};
use crate::firewall::Grants;
use crate::migrations::{applied, migrate};
use crate::session::Session;
use crate::{OpenError, SqliteConfig, connection};

/// Why tables were not exported or imported.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is no database to export.
    #[error("there is no database at {0}")]
    Missing(PathBuf),
    /// The data directory could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading or writing the lines failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A cell that JSON can not hold: a blob, an infinity, text that is not UTF-8.
    #[error("{table}.{column} has a value that can not be exported")]
    Cell {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The tables have rows already.
    #[error("the database is not empty: {0} has rows")]
    NotEmpty(String),
    /// The lines are not an export of this version and these migrations, or were damaged.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// SQLite's answer.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Fills the empty database of `config.data_dir` (made if needed) from an export: everything, or nothing at all.
///
/// No host may be running there. Components' migrations have to be those of the export.
///
/// # Errors
/// See [`TransferError`]; the database is then as empty as before.
pub fn import(config: &SqliteConfig, reader: impl BufRead) -> Result<TransferReport, TransferError> {
    let data_dir = DataDir::acquire(&config.data_dir)?;
    let connection = connection::open_writer(&data_dir.database(), config.size_bytes_max).map_err(OpenError::from)?;
    let session = Session::new(connection, &Arc::new(Grants::default())).map_err(OpenError::from)?;
    migrate(&session, &config.migrations_dir)?;
    let connection = session.as_host();
    // Rows come table by table, so references hold only at the end.
    connection.execute_batch("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON")?;
    let result = fill(connection, reader);
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn fill(connection: &Connection, reader: impl BufRead) -> Result<TransferReport, TransferError> {
    let tables = tables(connection)?;
    let mut lines = Reader::begin(reader, &applied(connection)?, &tables)?;
    for table in &tables {
        let name = quoted(table);
        if connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {name})"), [], |row| row.get(0))? {
            return Err(TransferError::NotEmpty(table.clone()));
        }
        let columns = columns(connection, table)?;
        lines.table(table, &columns)?;
        let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let slots = vec!["?"; list.len()];
        let sql = format!("INSERT INTO {name} ({}) VALUES ({})", list.join(", "), slots.join(", "));
        let mut insert = connection.prepare(&sql)?;
        for _ in 0..lines.tables()[table] {
            insert_row(&mut insert, lines.row(columns.len())?)?;
        }
        lines.end_table(table);
    }
    Ok(lines.finish()?)
}

fn insert_row(insert: &mut Statement<'_>, row: Vec<Value>) -> rusqlite::Result<()> {
    for (slot, cell) in (1..).zip(row) {
        match cell {
            Value::Null => insert.raw_bind_parameter(slot, Null)?,
            Value::Integer(value) => insert.raw_bind_parameter(slot, value)?,
            Value::Real(value) => insert.raw_bind_parameter(slot, value)?,
            Value::Text(text) => insert.raw_bind_parameter(slot, text)?,
        }
    }
    insert.raw_execute()?;
    Ok(())
}

impl From<LineError> for TransferError {
    fn from(error: LineError) -> Self {
        match error {
            LineError::Io(error) => Self::Io(error),
            LineError::Malformed { line, reason } => Self::Malformed { line, reason },
        }
    }
}
