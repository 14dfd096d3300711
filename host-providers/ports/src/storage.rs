use async_trait::async_trait;

use crate::ComponentId;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// Integers, instants in milliseconds, truth values as 0 or 1.
    Integer(i64),
    /// Floating point.
    Real(f64),
    /// UTF-8 text: identifiers, JSON, words.
    Text(String),
}

/// Cells in the order of the select list.
pub type Row = Vec<Value>;

/// One statement of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// SQL with `$1 … $n`.
    pub sql: String,
    /// Values of `$1 … $n`.
    pub params: Vec<Value>,
    /// Rows it must change, or the commit is a conflict.
    pub expected_changes: Option<u64>,
}

/// What one statement did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StatementOutcome {
    /// Rows inserted, updated or deleted.
    pub changed: u64,
    /// Rows of `RETURNING` or `SELECT`.
    pub rows: Vec<Row>,
}

/// A fact to publish with a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// CloudEvents `id`, a UUIDv7.
    pub id: String,
    /// CloudEvents `type`.
    pub event_type: String,
    /// Ordering key.
    pub key: String,
    /// CloudEvents 1.0 structured JSON.
    pub body: String,
}

/// Why nothing was read or written. See `storage.error` in WIT for what each promises.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StorageError {
    /// Statement `n` (from 0; the number of statements stands for an event's id) changed another number of rows than
    /// expected, or violated a uniqueness.
    #[error("conflict at statement {0}")]
    Conflict(u32),
    /// Can never succeed; a bug of the caller.
    #[error("invalid: {0}")]
    Invalid(String),
    /// A limit was passed.
    #[error("too large: {0}")]
    TooLarge(String),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// `dayloom:platform/storage`.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Runs one `SELECT` on behalf of `component`.
    async fn query(&self, component: &ComponentId, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError>;

    /// Applies statements and events on behalf of `component`, or nothing at all.
    async fn commit(
        &self,
        component: &ComponentId,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Vec<StatementOutcome>, StorageError>;

    /// Whether a read and a write would be taken now; the text says why not.
    async fn ready(&self) -> Result<(), String>;
}
