//! Storage on Spin: the interface's promises over Spin's SQLite or PostgreSQL, as the library of the adapters keeps them.

use std::sync::OnceLock;

use bindings::exports::dayloom::platform::storage as wit;
use dayloom_spin_kit::{Database, Error, Event, Outcome, Row, Settings, Statement, Value, check_component_text};

struct Storage;

dayloom_spin_kit::adapter!("spin-storage", Storage, [sqlite postgres config files]);

/// The database of the settings, which stay what they are as long as the instance lives.
fn database() -> Result<&'static Database, Error> {
    static DATABASE: OnceLock<Database> = OnceLock::new();
    if let Some(database) = DATABASE.get() {
        return Ok(database);
    }
    let database = Database::open(&Settings::read())?;
    Ok(DATABASE.get_or_init(|| database))
}

impl wit::Guest for Storage {
    fn query(sql: String, params: Vec<wit::Value>) -> Result<Vec<wit::Row>, wit::Error> {
        check_component_text(&sql)?;
        let params: Vec<Value> = params.into_iter().map(Into::into).collect();
        let rows = database()?.query(&sql, &params)?;
        Ok(rows.into_iter().map(row).collect())
    }

    fn commit(statements: Vec<wit::Statement>, events: Vec<wit::Event>) -> Result<Vec<wit::Outcome>, wit::Error> {
        let statements: Vec<Statement> = statements.into_iter().map(Into::into).collect();
        let events: Vec<Event> = events.into_iter().map(Into::into).collect();
        for statement in &statements {
            check_component_text(&statement.sql)?;
        }
        let outcomes = database()?.commit(&statements, &events)?;
        Ok(outcomes.into_iter().map(Into::into).collect())
    }
}

fn row(row: Row) -> wit::Row {
    row.into_iter().map(Into::into).collect()
}

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Null => Self::Null,
            wit::Value::Integer(integer) => Self::Integer(integer),
            wit::Value::Real(real) => Self::Real(real),
            wit::Value::Text(text) => Self::Text(text),
        }
    }
}

impl From<Value> for wit::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(integer) => Self::Integer(integer),
            Value::Real(real) => Self::Real(real),
            Value::Text(text) => Self::Text(text),
        }
    }
}

impl From<wit::Statement> for Statement {
    fn from(statement: wit::Statement) -> Self {
        Self {
            sql: statement.sql,
            params: statement.params.into_iter().map(Into::into).collect(),
            expected_changes: statement.expected_changes,
        }
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        Self {
            id: event.id,
            event_type: event.event_type,
            key: event.key,
            body: event.body,
        }
    }
}

impl From<Outcome> for wit::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self {
            changed: outcome.changed,
            rows: outcome.rows.into_iter().map(row).collect(),
        }
    }
}

impl From<Error> for wit::Error {
    /// What went wrong without the caller's doing is told here, once: the caller's answer is only that it can not be now.
    fn from(error: Error) -> Self {
        match error {
            Error::Conflict(index) => Self::Conflict(index),
            Error::Invalid(text) => Self::Invalid(text),
            Error::TooLarge(text) => Self::TooLarge(text),
            Error::Unavailable(text) => {
                eprintln!("storage: {text}");
                Self::Unavailable(text)
            }
        }
    }
}
