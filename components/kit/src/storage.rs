//! The unit of work: reading rows, and committing statements together with the events that tell of them.

use crate::bindings::dayloom::platform::storage as wit;
pub use wit::{Event, Row, Statement, Value};

/// Why nothing was read or written; see `storage.error` in WIT.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StorageError {
    /// Statement `n`, from 0; the number of statements stands for the events.
    #[error("conflict at statement {0}")]
    Conflict(u32),
    /// A bug of ours.
    #[error("invalid: {0}")]
    Invalid(String),
    /// A limit was passed.
    #[error("too large: {0}")]
    TooLarge(String),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl From<wit::Error> for StorageError {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Conflict(index) => Self::Conflict(index),
            wit::Error::Invalid(text) => Self::Invalid(text),
            wit::Error::TooLarge(text) => Self::TooLarge(text),
            wit::Error::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

/// Everything one use case writes, in one piece.
#[derive(Debug, Default)]
pub struct Commit {
    /// Applied in order.
    pub statements: Vec<Statement>,
    /// Published once the statements are durable.
    pub events: Vec<Event>,
}

impl Commit {
    /// Adds a statement and returns its index, which a conflict will name.
    pub fn push(&mut self, statement: Statement) -> u32 {
        self.statements.push(statement);
        u32::try_from(self.statements.len() - 1).expect("a commit has at most 1,000 statements")
    }

    /// Applies all of it, or nothing; the changed-row counts of the statements, in order.
    pub fn apply(self) -> Result<Vec<u64>, StorageError> {
        Ok(wit::commit(&self.statements, &self.events)?
            .into_iter()
            .map(|outcome| outcome.changed)
            .collect())
    }
}

/// One `SELECT`'s rows.
pub fn query(sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
    Ok(wit::query(sql, params)?)
}

/// A statement without an expectation.
pub fn statement(sql: impl Into<String>, params: Vec<Value>) -> Statement {
    Statement {
        sql: sql.into(),
        params,
        expected_changes: None,
    }
}

/// A statement that must change exactly `changes` rows.
pub fn expecting(changes: u64, sql: impl Into<String>, params: Vec<Value>) -> Statement {
    Statement {
        sql: sql.into(),
        params,
        expected_changes: Some(changes),
    }
}

/// Cells of one row, taken from the left; a wrong type is `Invalid`, for the select list is ours.
pub struct Cells(std::vec::IntoIter<Value>);

impl Cells {
    /// Starts at the first cell.
    pub fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    /// The next cell, text.
    pub fn text(&mut self) -> Result<String, StorageError> {
        self.optional_text()?
            .ok_or_else(|| StorageError::Invalid("NULL where text was expected".into()))
    }

    /// The next cell, text or `NULL`.
    pub fn optional_text(&mut self) -> Result<Option<String>, StorageError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            other => Err(StorageError::Invalid(format!(
                "expected text, found {}",
                kind(other.as_ref())
            ))),
        }
    }

    /// The next cell, an integer.
    pub fn integer(&mut self) -> Result<i64, StorageError> {
        self.optional_integer()?
            .ok_or_else(|| StorageError::Invalid("NULL where an integer was expected".into()))
    }

    /// The next cell, an integer or `NULL`.
    pub fn optional_integer(&mut self) -> Result<Option<i64>, StorageError> {
        match self.0.next() {
            Some(Value::Integer(integer)) => Ok(Some(integer)),
            Some(Value::Null) => Ok(None),
            other => Err(StorageError::Invalid(format!(
                "expected an integer, found {}",
                kind(other.as_ref())
            ))),
        }
    }
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "no cell",
        Some(Value::Null) => "NULL",
        Some(Value::Integer(_)) => "an integer",
        Some(Value::Real(_)) => "a real",
        Some(Value::Text(_)) => "text",
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
