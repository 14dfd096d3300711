//! SQLite in memory with the real migrations: what the texts of this crate are tested on.

use dayloom_kit::storage::{Commit, Row, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};

pub(crate) struct Database(Connection);

impl Database {
    pub(crate) fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(include_str!("../../migrations/0002_tasks.sql"))
            .unwrap();
        connection
            .execute_batch(include_str!("../../migrations/0004_recurrence.sql"))
            .unwrap();
        Self(connection)
    }

    /// Applies a commit's statements, all or none; the number of the one that conflicts.
    pub(crate) fn apply(&self, write: impl FnOnce(&mut Commit)) -> Result<(), usize> {
        let mut commit = Commit::default();
        write(&mut commit);
        let transaction = self.0.unchecked_transaction().unwrap();
        for (index, statement) in commit.statements.iter().enumerate() {
            let mut prepared = transaction.prepare(&statement.sql).unwrap();
            bind(&mut prepared, &statement.params);
            let changed = prepared.raw_execute().map_err(|_| index)? as u64;
            if statement.expected_changes.is_some_and(|expected| expected != changed) {
                return Err(index);
            }
        }
        transaction.commit().unwrap();
        Ok(())
    }

    pub(crate) fn query(&self, sql: &str, params: &[Value]) -> Vec<Row> {
        let mut prepared = self.0.prepare(sql).unwrap();
        bind(&mut prepared, params);
        let width = prepared.column_count();
        let mut rows = prepared.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cell = |column| match row.get_ref(column).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(integer) => Value::Integer(integer),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                other => panic!("a cell of another type: {other:?}"),
            };
            found.push((0..width).map(cell).collect());
        }
        found
    }
}

fn bind(statement: &mut Statement<'_>, params: &[Value]) {
    assert_eq!(statement.parameter_count(), params.len());
    for (index, param) in params.iter().enumerate() {
        // SQLite numbers parameters by appearance, so they are found by name.
        let slot = statement.parameter_index(&format!("${}", index + 1)).unwrap().unwrap();
        statement.raw_bind_parameter(slot, Cell(param)).unwrap();
    }
}

struct Cell<'a>(&'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
