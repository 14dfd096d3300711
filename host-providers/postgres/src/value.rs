//! Values on their way to the server and back.
//!
//! The server infers what type a parameter has, and [`Parameter`] writes the value as that type where nothing is lost. Where
//! the inferred type is of another kind than the value ([`declared`]), the statement is prepared once more with the value's
//! own type, so that the server and not a guess decides whether both fit together.

use std::error::Error;

use bytes::BytesMut;
use dayloom_ports::Value;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::error::SqlError;

mod numeric;
mod read;

pub(crate) use read::row;

/// The type to declare for a value, where the inferred one is of another kind; none if the value can be written as it.
///
/// # Errors
/// A real where the server wants an integer would be rounded silently; text where it wants a number is a mistake.
pub(crate) fn declared(value: &Value, inferred: &Type) -> Result<Option<Type>, SqlError> {
    let is_integer = matches!(*inferred, Type::INT2 | Type::INT4 | Type::INT8 | Type::BOOL);
    let is_real = matches!(*inferred, Type::FLOAT4 | Type::FLOAT8);
    let refuse = |what: &str| Err(SqlError::Invalid(format!("{what} where the server wants {inferred}")));
    match value {
        Value::Null => Ok(None),
        Value::Integer(value) if *inferred == Type::INT2 && i16::try_from(*value).is_err() => refuse("a larger number"),
        Value::Integer(value) if *inferred == Type::INT4 && i32::try_from(*value).is_err() => refuse("a larger number"),
        Value::Integer(_) if is_integer || is_real => Ok(None),
        Value::Integer(_) => Ok(Some(Type::INT8)),
        Value::Real(_) if is_real => Ok(None),
        Value::Real(_) if is_integer => refuse("a real"),
        Value::Real(_) => Ok(Some(Type::FLOAT8)),
        Value::Text(_) if is_text(inferred) => Ok(None),
        Value::Text(_) => refuse("text"),
    }
}

pub(crate) fn is_text(kind: &Type) -> bool {
    matches!(
        *kind,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON
    )
}

/// A value as the parameter of a statement.
#[derive(Debug)]
pub(crate) struct Parameter<'a>(pub(crate) &'a Value);

impl ToSql for Parameter<'_> {
    #[expect(clippy::cast_precision_loss, reason = "what SQLite's REAL columns do too")]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a column of single precision asks for it"
    )]
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(value) => match *kind {
                Type::BOOL => (*value != 0).to_sql(kind, out),
                Type::INT2 => i16::try_from(*value)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
                Type::FLOAT4 => (*value as f32).to_sql(kind, out),
                Type::FLOAT8 => (*value as f64).to_sql(kind, out),
                _ => value.to_sql(kind, out),
            },
            Value::Real(value) if *kind == Type::FLOAT4 => (*value as f32).to_sql(kind, out),
            Value::Real(value) => value.to_sql(kind, out),
            Value::Text(text) => text.as_str().to_sql(kind, out),
        }
    }

    // Whether the value fits was settled by `declared`; a null fits anything.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
