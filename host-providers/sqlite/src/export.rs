//! All component tables in the format of [`dayloom_sql::transfer`].

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use dayloom_ports::Value;
use dayloom_sql::transfer::{TransferReport, Writer, quoted};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::connection::open_beside;
use crate::data_dir::database_path;
use crate::import::TransferError;
use crate::migrations::applied;

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
    let mut out = Writer::begin(writer, applied(&snapshot)?, counts)?;
    for table in tables {
        write_table(&snapshot, &table, &mut out)?;
    }
    Ok(out.finish()?)
}

fn write_table(snapshot: &Connection, table: &str, out: &mut Writer<impl Write>) -> Result<(), TransferError> {
    let columns = columns(snapshot, table)?;
    let list: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    // In the order of the primary key or the rows' numbers, so that equal tables export equal bytes.
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        list.join(", "),
        quoted(table),
        order(snapshot, table)?
    );
    let mut statement = snapshot.prepare(&sql)?;
    let mut rows = statement.query([])?;
    out.table(table, &columns)?;
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let cell = value(row.get_ref(index)?);
            cells.push(cell.ok_or_else(|| TransferError::Cell {
                table: table.to_owned(),
                column: column.clone(),
            })?);
        }
        out.row(&cells)?;
    }
    Ok(())
}

/// The cell; none if it is a blob, bad UTF-8 or an infinity, which no component can have written.
fn value(cell: ValueRef<'_>) -> Option<Value> {
    match cell {
        ValueRef::Null => Some(Value::Null),
        ValueRef::Integer(value) => Some(Value::Integer(value)),
        ValueRef::Real(value) => value.is_finite().then_some(Value::Real(value)),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(|text| Value::Text(text.to_owned())),
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
