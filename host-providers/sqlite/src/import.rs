use std::io::{self, BufRead, Read};
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement, ToSql};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::data_dir::DataDir;
use crate::export::{FORMAT, Header, TableLine, Trailer, VERSION, columns, quoted, tables};
use crate::firewall::Grants;
use crate::migrations::{applied, hex, migrate};
use crate::session::Session;
use crate::{OpenError, SqliteConfig, connection};

/// Bytes of one line: the largest row a component can write, with every character escaped.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What an export or import carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferReport {
    /// Rows of all tables.
    pub rows: u64,
    /// SHA-256 of everything before the closing line, in lower-case hexadecimal.
    pub sha256: String,
}

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
    let result = fill(
        connection,
        Lines {
            reader,
            digest: Sha256::new(),
            line: 0,
        },
    );
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    result
}

fn fill(connection: &Connection, mut lines: Lines<impl BufRead>) -> Result<TransferReport, TransferError> {
    let header: Header = lines.next()?;
    if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
        return lines.malformed("is not an export this version can read");
    }
    if header.migrations != applied(connection)? {
        return lines.malformed("the export was made with other migrations");
    }
    let tables = tables(connection)?;
    if !header.tables.keys().eq(&tables) {
        return lines.malformed("the export has other tables");
    }
    for (table, &rows) in &header.tables {
        let name = quoted(table);
        if connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {name})"), [], |row| row.get(0))? {
            return Err(TransferError::NotEmpty(table.clone()));
        }
        let line: TableLine = lines.next()?;
        if line.table != *table || line.columns != columns(connection, table)? {
            return lines.malformed("is not the table that comes next, or has other columns");
        }
        let list: Vec<String> = line.columns.iter().map(|column| quoted(column)).collect();
        let slots = vec!["?"; list.len()];
        let sql = format!("INSERT INTO {name} ({}) VALUES ({})", list.join(", "), slots.join(", "));
        let mut insert = connection.prepare(&sql)?;
        for _ in 0..rows {
            insert_row(&mut insert, &mut lines, list.len())?;
        }
    }
    let sha256 = hex(&lines.digest.clone().finalize());
    let trailer: Trailer = lines.next()?;
    let rows = header.tables.values().sum();
    if trailer.rows != rows || trailer.sha256 != sha256 {
        return lines.malformed("the count or the digest is not that of the lines before");
    }
    if !lines.is_at_end()? {
        return lines.malformed("something follows the closing line");
    }
    Ok(TransferReport { rows, sha256 })
}

fn insert_row(
    insert: &mut Statement<'_>,
    lines: &mut Lines<impl BufRead>,
    columns: usize,
) -> Result<(), TransferError> {
    let cells: Vec<serde_json::Value> = lines.next()?;
    if cells.len() != columns {
        return lines.malformed("has another number of cells than columns");
    }
    for (slot, cell) in (1..).zip(cells) {
        match Cell::try_from(cell) {
            Ok(cell) => insert.raw_bind_parameter(slot, cell)?,
            Err(()) => return lines.malformed("has a cell that is no number, text or null"),
        }
    }
    insert.raw_execute()?;
    Ok(())
}

/// A cell that SQLite takes.
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl TryFrom<serde_json::Value> for Cell {
    type Error = ();

    fn try_from(value: serde_json::Value) -> Result<Self, ()> {
        match value {
            serde_json::Value::Null => Ok(Self::Null),
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Ok(Self::Integer(integer)),
                None => number.as_f64().map(Self::Real).ok_or(()),
            },
            _ => Err(()),
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => rusqlite::types::Null.to_sql(),
            Self::Integer(value) => value.to_sql(),
            Self::Real(value) => value.to_sql(),
            Self::Text(value) => value.to_sql(),
        }
    }
}

/// Reads lines and remembers what was read.
struct Lines<R> {
    reader: R,
    digest: Sha256,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, TransferError> {
        self.line += 1;
        let mut bytes = Vec::new();
        self.reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)?;
        if bytes.last() != Some(&b'\n') {
            return self.malformed(if bytes.is_empty() {
                "the export ends here"
            } else {
                "is cut off or too long"
            });
        }
        self.digest.update(&bytes);
        // The reason says where in the line, never what is in it.
        serde_json::from_slice(&bytes)
            .or_else(|error| self.malformed(&format!("column {}: not as expected", error.column())))
    }

    fn is_at_end(&mut self) -> Result<bool, TransferError> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    fn malformed<T>(&self, reason: &str) -> Result<T, TransferError> {
        Err(TransferError::Malformed {
            line: self.line,
            reason: reason.to_owned(),
        })
    }
}
