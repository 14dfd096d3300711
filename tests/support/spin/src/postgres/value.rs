//! Values in both directions: numbers, text, bytes, booleans and JSON. Other types are refused as parameters, and read as
//! `unsupported`, which is what Spin says of types that it does not know itself.

use std::error::Error as StdError;

use tokio_postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

use crate::bindings::spin::postgres::postgres::{Column, DbDataType, DbValue, ParameterValue};

/// A parameter. Its type is that of its value, and must be the one the statement wants.
#[derive(Debug)]
pub(super) enum Parameter {
    Null,
    Boolean(bool),
    Int8(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Floating32(f32),
    Floating64(f64),
    Str(String),
    Binary(Vec<u8>),
    Jsonb(Vec<u8>),
}

impl TryFrom<ParameterValue> for Parameter {
    type Error = String;

    fn try_from(value: ParameterValue) -> Result<Self, String> {
        Ok(match value {
            ParameterValue::DbNull => Self::Null,
            ParameterValue::Boolean(value) => Self::Boolean(value),
            ParameterValue::Int8(value) => Self::Int8(value),
            ParameterValue::Int16(value) => Self::Int16(value),
            ParameterValue::Int32(value) => Self::Int32(value),
            ParameterValue::Int64(value) => Self::Int64(value),
            ParameterValue::Floating32(value) => Self::Floating32(value),
            ParameterValue::Floating64(value) => Self::Floating64(value),
            ParameterValue::Str(value) => Self::Str(value),
            ParameterValue::Binary(value) => Self::Binary(value),
            ParameterValue::Jsonb(value) => Self::Jsonb(value),
            other => return Err(format!("the test host does not know parameters like {other:?}")),
        })
    }
}

/// The version that JSONB begins with.
const JSONB_VERSION: u8 = 1;

impl ToSql for Parameter {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Boolean(value) => value.to_sql_checked(wanted, out),
            Self::Int8(value) => value.to_sql_checked(wanted, out),
            Self::Int16(value) => value.to_sql_checked(wanted, out),
            Self::Int32(value) => value.to_sql_checked(wanted, out),
            Self::Int64(value) => value.to_sql_checked(wanted, out),
            Self::Floating32(value) => value.to_sql_checked(wanted, out),
            Self::Floating64(value) => value.to_sql_checked(wanted, out),
            Self::Str(value) => value.to_sql_checked(wanted, out),
            Self::Binary(value) => value.to_sql_checked(wanted, out),
            Self::Jsonb(value) => {
                if *wanted == Type::JSONB {
                    out.extend_from_slice(&[JSONB_VERSION]);
                } else if *wanted != Type::JSON {
                    return Err(format!("JSON is no {wanted}").into());
                }
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_wanted: &Type) -> bool {
        // Each value is checked against it when it is written.
        true
    }

    to_sql_checked!();
}

/// The bytes of a value, whatever its type.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(bytes.to_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A row's columns.
pub(super) fn columns(row: &Row) -> Vec<Column> {
    let columns = row.columns().iter();
    columns
        .map(|column| Column {
            name: column.name().to_owned(),
            data_type: data_type(column.type_()),
        })
        .collect()
}

fn data_type(of: &Type) -> DbDataType {
    match *of {
        Type::BOOL => DbDataType::Boolean,
        Type::BYTEA => DbDataType::Binary,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::JSONB => DbDataType::Jsonb,
        ref other => DbDataType::Other(other.name().to_owned()),
    }
}

/// A row's values.
pub(super) fn row(row: &Row) -> Result<Vec<DbValue>, tokio_postgres::Error> {
    (0..row.len()).map(|n| value(row, n)).collect()
}

fn value(row: &Row, n: usize) -> Result<DbValue, tokio_postgres::Error> {
    fn read<'a, T: FromSql<'a>>(
        row: &'a Row,
        n: usize,
        as_value: fn(T) -> DbValue,
    ) -> Result<DbValue, tokio_postgres::Error> {
        let value: Option<T> = row.try_get(n)?;
        Ok(value.map_or(DbValue::DbNull, as_value))
    }
    match *row.columns()[n].type_() {
        Type::BOOL => read(row, n, DbValue::Boolean),
        Type::BYTEA => read(row, n, DbValue::Binary),
        Type::FLOAT4 => read(row, n, DbValue::Floating32),
        Type::FLOAT8 => read(row, n, DbValue::Floating64),
        Type::INT2 => read(row, n, DbValue::Int16),
        Type::INT4 => read(row, n, DbValue::Int32),
        Type::INT8 => read(row, n, DbValue::Int64),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => read(row, n, DbValue::Str),
        Type::JSONB => read(row, n, |Raw(bytes)| {
            DbValue::Jsonb(bytes.get(1..).unwrap_or_default().to_owned())
        }),
        _ => read(row, n, |Raw(bytes)| DbValue::Unsupported(bytes)),
    }
}
