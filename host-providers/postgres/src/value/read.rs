use std::error::Error;

use dayloom_ports::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::{is_text, numeric};
use crate::error::SqlError;

/// The cells of a row.
pub(crate) fn row(row: &Row) -> Result<dayloom_ports::Row, SqlError> {
    (0..row.len())
        .map(|column| {
            let cell = row.try_get::<_, Cell>(column);
            cell.map(|Cell(value)| value).map_err(|_| {
                let kind = row.columns()[column].type_();
                SqlError::Invalid(format!("column {column} ({kind}) holds what no value can be"))
            })
        })
        .collect()
}

/// A cell of any type that means one of the four kinds of value.
struct Cell(Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *kind {
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::NUMERIC => numeric::decode(raw).ok_or("a number out of range")?,
            // One byte of version, then text.
            Type::JSONB => Value::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            _ => Value::Text(std::str::from_utf8(raw)?.to_owned()),
        };
        match value {
            Value::Real(real) if !real.is_finite() => Err("a real that is not finite".into()),
            value => Ok(Self(value)),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        let is_number = matches!(
            *kind,
            Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC
        );
        is_number || is_text(kind) || *kind == Type::JSONB
    }
}
