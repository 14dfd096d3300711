//! `spin:sqlite`: each `open` is a connection of its own to the database's file, closed with its handle.

use std::sync::{Arc, Mutex};

use rusqlite::types::{Value as Cell, ValueRef};
use wasmtime::component::Resource;

use crate::{
    bindings::spin::sqlite::sqlite::{Error, Host, HostConnection, QueryResult, RowResult, Value},
    state::State,
};

/// The one database there is.
const DEFAULT: &str = "default";

/// An open connection; a transaction that is open when it is dropped is rolled back.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug, Clone)]
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

impl Connection {
    async fn with<T: Send + 'static>(
        self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let work = move || match self.0.lock() {
            Ok(connection) => work(&connection),
            Err(_) => Err(Error::InvalidConnection),
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Error::Io(error.to_string())))
    }
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

impl Host for State {}

impl HostConnection for State {
    async fn open(&mut self, database: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        if !self.services.sqlite_databases.contains(&database) {
            return Ok(Err(Error::AccessDenied));
        }
        if database != DEFAULT {
            return Ok(Err(Error::NoSuchDatabase));
        }
        let path = self.services.shared.state_dir.join("sqlite_db.db");
        let opened = tokio::task::spawn_blocking(move || rusqlite::Connection::open(path)).await?;
        Ok(match opened {
            Ok(connection) => Ok(self.table.push(Connection(Arc::new(Mutex::new(connection))))?),
            Err(error) => Err(failed(error)),
        })
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&connection)?.clone();
        let run = move |connection: &rusqlite::Connection| execute(connection, &statement, parameters).map_err(failed);
        Ok(connection.with(run).await)
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        let connection = self.table.get(&connection)?.clone();
        let id = connection.with(|connection| Ok(connection.last_insert_rowid())).await;
        id.map_err(|error| wasmtime::Error::msg(format!("{error:?}")))
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        let connection = self.table.get(&connection)?.clone();
        let changes = connection.with(|connection| Ok(connection.changes())).await;
        changes.map_err(|error| wasmtime::Error::msg(format!("{error:?}")))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

fn execute(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> rusqlite::Result<QueryResult> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let parameters = rusqlite::params_from_iter(parameters.into_iter().map(cell));
    let rows = statement.query_map(parameters, |row| {
        let values = (0..width)
            .map(|n| row.get_ref(n).map(value))
            .collect::<Result<_, _>>()?;
        Ok(RowResult { values })
    })?;
    let rows = rows.collect::<Result<_, _>>()?;
    Ok(QueryResult { columns, rows })
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Integer(n) => Cell::Integer(n),
        Value::Real(n) => Cell::Real(n),
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => Cell::Blob(bytes),
        Value::Null => Cell::Null,
    }
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(n) => Value::Real(n),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}
