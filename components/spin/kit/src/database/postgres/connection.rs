use crate::bindings::spin::postgres::postgres as spin;
use crate::{Error, Row, Value};

use super::failure::Failure;

/// A connection of Spin's pool.
pub(super) struct Connection(spin::Connection);

impl Connection {
    /// # Errors
    /// `Unavailable`: nothing was asked yet.
    pub(super) fn open(address: &str) -> Result<Self, Error> {
        match spin::Connection::open(address) {
            Ok(connection) => Ok(Self(connection)),
            Err(error) => {
                let (Failure::Unavailable(text) | Failure::Invalid(text)) = Failure::from(error) else {
                    return Err(Error::Unavailable("no connection to the database".to_owned()));
                };
                Err(Error::Unavailable(format!("no connection to the database: {text}")))
            }
        }
    }

    /// Runs one `SELECT` and returns its rows.
    pub(super) fn query(&self, sql: &str, params: &[&Value]) -> Result<Vec<Row>, Failure> {
        let rows = self.call(&never_empty(sql), params)?;
        Ok(rows.into_iter().filter_map(unmarked).collect())
    }

    /// Runs one statement that returns at least one row, and returns its rows.
    pub(super) fn call(&self, sql: &str, params: &[&Value]) -> Result<Vec<Row>, Failure> {
        let params: Vec<spin::ParameterValue> = params.iter().map(|value| parameter(value)).collect();
        let answer = self.0.query(sql, &params)?;
        answer.rows.into_iter().map(row).collect()
    }

    /// Runs one statement without parameters whose rows are of no interest.
    pub(super) fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.0.execute(sql, &[])?;
        Ok(())
    }
}

/// A `SELECT` that returns the rows of another one behind a mark, in their order, and one row without a mark if there are
/// none.
///
/// Spin from 4.0.0 on never returns from a query without rows (<https://github.com/spinframework/spin/issues/3671>, mended
/// after 4.0.2). The join has one row on its left and no condition, so it is a loop over the right side.
fn never_empty(sql: &str) -> String {
    format!(
        "SELECT answer.* FROM (SELECT 1) AS always LEFT JOIN (SELECT TRUE AS is_row, asked.* FROM (\n{sql}\n) AS asked) \
         AS answer ON TRUE"
    )
}

/// A row without its mark; none if it is none.
fn unmarked(row: Row) -> Option<Row> {
    let mut cells = row.into_iter();
    match cells.next() {
        Some(Value::Null) | None => None,
        Some(_) => Some(cells.collect()),
    }
}

fn parameter(value: &Value) -> spin::ParameterValue {
    match value {
        Value::Null => spin::ParameterValue::DbNull,
        Value::Integer(integer) => spin::ParameterValue::Int64(*integer),
        Value::Real(real) => spin::ParameterValue::Floating64(*real),
        Value::Text(text) => spin::ParameterValue::Str(text.clone()),
    }
}

fn row(row: Vec<spin::DbValue>) -> Result<Row, Failure> {
    row.into_iter().map(cell).collect()
}

/// A cell of any type that means one of the four kinds of value.
fn cell(cell: spin::DbValue) -> Result<Value, Failure> {
    let unlike = || Failure::Invalid("a cell holds what no value can be".to_owned());
    let value = match cell {
        spin::DbValue::DbNull => Value::Null,
        spin::DbValue::Boolean(truth) => Value::Integer(truth.into()),
        spin::DbValue::Int8(integer) => Value::Integer(integer.into()),
        spin::DbValue::Int16(integer) => Value::Integer(integer.into()),
        spin::DbValue::Int32(integer) => Value::Integer(integer.into()),
        spin::DbValue::Int64(integer) => Value::Integer(integer),
        spin::DbValue::Floating32(real) => Value::Real(real.into()),
        spin::DbValue::Floating64(real) => Value::Real(real),
        // A sum of integers is one, where it fits.
        spin::DbValue::Decimal(digits) => match digits.parse() {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::Real(digits.parse().map_err(|_| unlike())?),
        },
        spin::DbValue::Str(text) => Value::Text(text),
        spin::DbValue::Jsonb(json) => Value::Text(String::from_utf8(json).map_err(|_| unlike())?),
        _ => return Err(unlike()),
    };
    match value {
        Value::Real(real) if !real.is_finite() => Err(unlike()),
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::unmarked;
    use crate::Value;

    #[test]
    fn a_row_without_a_mark_is_none() {
        let seven = || Value::Integer(7);
        assert_eq!(
            unmarked(vec![Value::Integer(1), seven(), Value::Null]),
            Some(vec![seven(), Value::Null])
        );
        assert_eq!(unmarked(vec![Value::Null, Value::Null]), None);
        assert_eq!(unmarked(vec![]), None);
    }
}
