use crate::bindings::spin::sqlite::sqlite as spin;
use crate::{Error, Row, Value};

use super::failure::Failure;

/// The label of the application's database in `sqlite_databases`.
const DATABASE: &str = "default";

/// A connection of its own. Dropping it closes it, which rolls back what is not committed.
pub(super) struct Connection(spin::Connection);

impl Connection {
    pub(super) fn open() -> Result<Self, Error> {
        Self::open_failing().map_err(|failure| failure.into_error(0))
    }

    pub(super) fn open_failing() -> Result<Self, Failure> {
        Ok(Self(spin::Connection::open(DATABASE)?))
    }

    /// Runs one statement to its end.
    pub(super) fn execute(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Failure> {
        let params: Vec<spin::Value> = params.iter().map(parameter).collect();
        let answer = self.0.execute(sql, &params)?;
        answer.rows.into_iter().map(row).collect()
    }

    /// Rows that the last `INSERT`, `UPDATE` or `DELETE` changed.
    pub(super) fn changes(&self) -> u64 {
        self.0.changes()
    }
}

fn parameter(value: &Value) -> spin::Value {
    match value {
        Value::Null => spin::Value::Null,
        Value::Integer(integer) => spin::Value::Integer(*integer),
        Value::Real(real) => spin::Value::Real(*real),
        Value::Text(text) => spin::Value::Text(text.clone()),
    }
}

fn row(row: spin::RowResult) -> Result<Row, Failure> {
    let cell = |value| match value {
        spin::Value::Null => Ok(Value::Null),
        spin::Value::Integer(integer) => Ok(Value::Integer(integer)),
        spin::Value::Real(real) => Ok(Value::Real(real)),
        spin::Value::Text(text) => Ok(Value::Text(text)),
        spin::Value::Blob(_) => Err(Failure::Invalid("a cell holds bytes, which no value can be".to_owned())),
    };
    row.values.into_iter().map(cell).collect()
}
