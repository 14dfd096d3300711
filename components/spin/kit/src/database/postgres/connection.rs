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
    ///
    /// Spin from 4.0.0 to 4.0.2 waits for ever for a result without rows (spinframework/spin#3671), so there always is one: the rows are numbered and
    /// joined to a single one, which stays alone if there are none.
    pub(super) fn select(&self, sql: &str, params: &[&Value]) -> Result<Vec<Row>, Failure> {
        let rows = self.call(&numbered(sql), params)?;
        let without_number = |mut row: Row| match row.first() {
            None | Some(Value::Null) => None,
            Some(_) => Some(row.split_off(1)),
        };
        Ok(rows.into_iter().filter_map(without_number).collect())
    }

    /// Runs one statement that returns rows in any case, and must not leave a transaction open.
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

/// The query with a number before each row, and a row without a number if there is none. The line break ends a comment.
fn numbered(sql: &str) -> String {
    format!(
        "SELECT rows.* FROM (SELECT 1) AS one LEFT JOIN \
         (SELECT row_number() OVER (), result.* FROM ({sql}\n) AS result) AS rows ON true ORDER BY 1"
    )
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
