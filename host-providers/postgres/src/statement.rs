//! One statement on one connection: prepared with fitting types, sent, its rows collected.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use dayloom_ports::limits::{QUERY_BYTES_MAX, QUERY_ROWS_MAX};
use dayloom_ports::{Row, Value};
use futures::TryStreamExt;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use crate::connections::Lease;
use crate::error::SqlError;
use crate::firewall::CheckedText;
use crate::value::{self, Parameter, declared};

/// Rows and bytes a call may still return.
pub(crate) struct ResultAllowance {
    rows_left: AtomicUsize,
    bytes_left: AtomicUsize,
}

impl Default for ResultAllowance {
    fn default() -> Self {
        Self {
            rows_left: AtomicUsize::new(QUERY_ROWS_MAX),
            bytes_left: AtomicUsize::new(QUERY_BYTES_MAX),
        }
    }
}

impl ResultAllowance {
    fn take(&self, row: &Row) -> Result<(), SqlError> {
        let bytes = row.iter().map(cell_bytes).sum();
        let take = |left: &AtomicUsize, amount| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(amount));
        if take(&self.rows_left, 1).is_err() {
            return Err(SqlError::TooLarge(format!("more than {QUERY_ROWS_MAX} rows")));
        }
        if take(&self.bytes_left, bytes).is_err() {
            return Err(SqlError::TooLarge(format!("more than {QUERY_BYTES_MAX} bytes of rows")));
        }
        Ok(())
    }
}

fn cell_bytes(cell: &Value) -> usize {
    size_of::<i64>()
        + match cell {
            Value::Text(text) => text.len(),
            _ => 0,
        }
}

/// The prepared form of a text for these values.
pub(crate) async fn prepare(lease: &Lease, text: &CheckedText, params: &[Value]) -> Result<Statement, SqlError> {
    if params.len() != text.params {
        let (given, wanted) = (params.len(), text.params);
        return Err(SqlError::Invalid(format!(
            "{given} parameters given, {wanted} in the text"
        )));
    }
    let statement = match lease.prepare(&text.sql, &[]).await {
        Err(error) if says_nothing_of_types(&error) => return prepare_as_given(lease, text, params).await,
        prepared => prepared?,
    };
    let mut types = Vec::new();
    for (number, (value, inferred)) in params.iter().zip(statement.params()).enumerate() {
        if let Some(own) = declared(value, inferred)? {
            types.resize(number, Type::UNKNOWN);
            types.push(own);
        }
    }
    if types.is_empty() {
        return Ok(statement);
    }
    // Those before and between are as the server inferred them.
    let inferred = statement.params();
    for (number, kind) in types.iter_mut().enumerate() {
        if *kind == Type::UNKNOWN {
            *kind = inferred[number].clone();
        }
    }
    Ok(lease.prepare(&text.sql, &types).await?)
}

/// `$1 IS NULL` says nothing of the type of `$1`.
fn says_nothing_of_types(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::INDETERMINATE_DATATYPE | &SqlState::AMBIGUOUS_PARAMETER)
    )
}

/// Prepares with the values' own types. A null has none, so it is tried as one kind after the other.
async fn prepare_as_given(lease: &Lease, text: &CheckedText, params: &[Value]) -> Result<Statement, SqlError> {
    let types_with = |null: &Type| -> Vec<Type> {
        let own = |value: &Value| match value {
            Value::Null => null.clone(),
            Value::Text(_) => Type::TEXT,
            Value::Integer(_) => Type::INT8,
            Value::Real(_) => Type::FLOAT8,
        };
        params.iter().map(own).collect()
    };
    for null in [Type::TEXT, Type::INT8] {
        match lease.prepare(&text.sql, &types_with(&null)).await {
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_FUNCTION) => {}
            prepared => return Ok(prepared?),
        }
    }
    Ok(lease.prepare(&text.sql, &types_with(&Type::FLOAT8)).await?)
}

/// What a statement did: rows that its command counted, and rows that it returned.
pub(crate) async fn run(
    lease: &Lease,
    statement: &Statement,
    params: &[Value],
    allowance: &ResultAllowance,
) -> Result<(u64, Vec<Row>), SqlError> {
    let stream = lease.query_raw(statement, params.iter().map(Parameter)).await?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        let row = value::row(&row)?;
        allowance.take(&row)?;
        rows.push(row);
    }
    Ok((stream.rows_affected().unwrap_or(0), rows))
}
