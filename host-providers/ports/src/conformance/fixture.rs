//! What the storage suite expects a provider to be set up with.

use uuid::Uuid;

use crate::{ComponentId, Event, Row, Statement, StatementOutcome, Storage, StorageError, TopicMap, Value};

/// The one component migration: name and text, in the common SQL subset.
pub const MIGRATION: (&str, &str) = (
    "0001_conformance.sql",
    "CREATE TABLE things (id TEXT PRIMARY KEY, n BIGINT, weight DOUBLE PRECISION, note TEXT);
     CREATE TABLE parts (id TEXT PRIMARY KEY, thing_id TEXT NOT NULL REFERENCES things (id) ON DELETE CASCADE);
     CREATE TABLE secrets (id TEXT PRIMARY KEY, word TEXT);",
);

/// A component's id, its tables and the event types it may publish.
pub type GrantRow = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Who is granted what.
pub const GRANTS: [GrantRow; 2] = [
    ("owner", &["things", "parts"], &["thing.*", "nobody.listens"]),
    ("stranger", &["secrets"], &["secret.told"]),
];

/// `thing.*` goes to `things`; `nobody.listens` goes nowhere.
pub fn topics() -> TopicMap {
    TopicMap {
        rules: vec![("thing.*".to_owned(), vec!["things".to_owned()])],
    }
}

/// The component that owns `things` and `parts`.
pub fn owner() -> ComponentId {
    "owner".into()
}

/// The component that owns `secrets`.
pub fn stranger() -> ComponentId {
    "stranger".into()
}

/// Text as a cell.
pub fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A statement without an expected count.
pub fn statement(sql: &str, params: impl Into<Vec<Value>>) -> Statement {
    Statement {
        sql: sql.to_owned(),
        params: params.into(),
        expected_changes: None,
    }
}

/// Adds a thing.
pub fn insert(id: &str) -> Statement {
    statement("INSERT INTO things (id, n) VALUES ($1, 1)", [text(id)])
}

/// An event of type `thing.made` with a new id.
pub fn event(key: &str) -> Event {
    Event {
        id: Uuid::now_v7().to_string(),
        event_type: "thing.made".to_owned(),
        key: key.to_owned(),
        body: "{}".to_owned(),
    }
}

/// Commits as the owner.
pub async fn commit(
    storage: &dyn Storage,
    statements: impl Into<Vec<Statement>>,
    events: impl Into<Vec<Event>>,
) -> Result<Vec<StatementOutcome>, StorageError> {
    storage.commit(&owner(), statements.into(), events.into()).await
}

/// Reads as the owner.
pub async fn query(storage: &dyn Storage, sql: &str) -> Result<Vec<Row>, StorageError> {
    storage.query(&owner(), sql, &[]).await
}

/// The ids of all things, in order.
pub async fn ids(storage: &dyn Storage) -> Vec<String> {
    let rows = query(storage, "SELECT id FROM things ORDER BY id")
        .await
        .expect("the owner reads its table");
    let id = |row: Row| match row.into_iter().next() {
        Some(Value::Text(id)) => id,
        other => panic!("an id is text, not {other:?}"),
    };
    rows.into_iter().map(id).collect()
}
