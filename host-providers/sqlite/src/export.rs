//! All component tables as JSON Lines, for people, other databases and other versions.
//!
//! ```text
//! {"format":"dayloom-export","version":1,"migrations":[["0001_x.sql","<sha256>"]],"tables":{"things":2}}
//! {"table":"things","columns":["id","n"]}
//! ["a",1]
//! ["b",2.5]
//! {"rows":2,"sha256":"<of every byte before this line>"}
//! ```
//!
//! Integers have no decimal point and reals have one, so both come back as what they were.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::connection::open_beside;
use crate::data_dir::database_path;
use crate::import::{TransferError, TransferReport};
use crate::migrations::{applied, hex};

pub(crate) const FORMAT: &str = "dayloom-export";
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// Name and SHA-256 of every component migration: the shape of what follows.
    pub(crate) migrations: Vec<(String, String)>,
    /// Rows of each table.
    pub(crate) tables: BTreeMap<String, u64>,
}

/// The line before a table's rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableLine {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

/// Writes every component table of `data_dir`, as of one moment. Works beside a running host.
///
/// The event log, the dead letters and the timers stay behind: they are this database's unfinished work, not data. Stop
/// the host, or let the subscribers catch up, if their effects are to be in the export.
///
/// # Errors
/// See [`TransferError`]; what was written until then has no closing line and can not be imported.
pub fn export(data_dir: &Path, writer: impl Write) -> Result<TransferReport, TransferError> {
    let path = database_path(data_dir);
    if !path.exists() {
        return Err(TransferError::Missing(path));
    }
    let mut connection = open_beside(&path)?;
    // A deferred transaction is a snapshot from its first read on.
    let snapshot = connection.transaction()?;
    let mut out = Digesting {
        writer: BufWriter::new(writer),
        digest: Sha256::new(),
    };
    let tables = tables(&snapshot)?;
    let mut counts = BTreeMap::new();
    for table in &tables {
        let sql = format!("SELECT count(*) FROM {}", quoted(table));
        counts.insert(
            table.clone(),
            snapshot
                .query_row(&sql, [], |row| row.get::<_, i64>(0))?
                .cast_unsigned(),
        );
    }
    let rows = counts.values().sum();
    let migrations = applied(&snapshot)?;
    out.line(&Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        migrations,
        tables: counts,
    })?;
    for table in tables {
        write_table(&snapshot, table, &mut out)?;
    }
    let sha256 = hex(&out.digest.clone().finalize());
    out.line(&Trailer {
        rows,
        sha256: sha256.clone(),
    })?;
    out.writer.flush()?;
    Ok(TransferReport { rows, sha256 })
}

fn write_table(snapshot: &Connection, table: String, out: &mut Digesting<impl Write>) -> Result<(), TransferError> {
    let columns = columns(snapshot, &table)?;
    let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    // In the order of the primary key or the rows' numbers, so that equal tables export equal bytes.
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        list.join(", "),
        quoted(&table),
        order(snapshot, &table)?
    );
    let mut statement = snapshot.prepare(&sql)?;
    let mut rows = statement.query([])?;
    out.line(&TableLine {
        table: table.clone(),
        columns: columns.clone(),
    })?;
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let cell = json(row.get_ref(index)?);
            cells.push(cell.ok_or_else(|| TransferError::Cell {
                table: table.clone(),
                column: column.clone(),
            })?);
        }
        out.line(&cells)?;
    }
    Ok(())
}

/// The cell as JSON; none if it is a blob, bad UTF-8 or an infinity, which no component can have written.
fn json(cell: ValueRef<'_>) -> Option<Value> {
    match cell {
        ValueRef::Null => Some(Value::Null),
        ValueRef::Integer(value) => Some(value.into()),
        ValueRef::Real(value) => serde_json::Number::from_f64(value).map(Value::Number),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(Value::from),
        ValueRef::Blob(_) => None,
    }
}

/// Component tables, by name.
pub(crate) fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' \
             AND name NOT GLOB 'host_*' AND name NOT GLOB 'sqlite_*' ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Columns that are stored, in order: generated ones come by themselves.
pub(crate) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

fn order(connection: &Connection, table: &str) -> rusqlite::Result<String> {
    let keys: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
    Ok(if keys.is_empty() {
        "rowid".to_owned()
    } else {
        keys.join(", ")
    })
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Writes lines and remembers what was written.
struct Digesting<W> {
    writer: W,
    digest: Sha256,
}

impl<W: Write> Digesting<W> {
    fn line(&mut self, value: &impl Serialize) -> Result<(), TransferError> {
        let mut line = serde_json::to_vec(value).map_err(std::io::Error::from)?;
        line.push(b'\n');
        self.digest.update(&line);
        self.writer.write_all(&line)?;
        Ok(())
    }
}
