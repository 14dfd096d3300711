//! Spin's SQLite. Each connection is its own there, so a transaction is one connection's; a request that ends in between
//! closes it, and SQLite rolls back.

mod connection;
mod failure;
mod migrate;

use std::borrow::Cow;
use std::time::Duration;

use dayloom_ports::backoff;

use super::{Allowance, OutboxEvent};
use crate::migrations;
use crate::sql::{Text, Verb};
use crate::{Error, Outcome, Row, Statement, Value, now_ms};
use connection::Connection;
use failure::Failure;

/// Attempts to become the one that writes. SQLite itself waits five seconds in each; a writer is done in milliseconds, so
/// whoever waited this long is behind something that hangs.
const WRITE_ATTEMPTS_MAX: u32 = 4;

/// The database of the label `default`.
#[derive(Debug)]
pub(super) struct Sqlite;

impl Sqlite {
    pub(super) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let text = Text::read(sql)?;
        if text.verb != Verb::Select {
            return Err(Error::Invalid("a query is a SELECT".to_owned()));
        }
        text.check_params(params.len())?;
        let sql = numbered(&text);
        let connection = Connection::open()?;
        let rows = match connection.execute(&sql, params) {
            Err(Failure::Missing(_)) => {
                migrate::migrate(&migrations::sqlite()?)?;
                // A statement that missed something is prepared anew by a connection that sees it.
                Connection::open()?.execute(&sql, params)
            }
            answer => answer,
        };
        let rows = rows.map_err(|failure| failure.into_error(0))?;
        Allowance::default().take(&rows)?;
        Ok(rows)
    }

    pub(super) fn commit(&self, statements: &[Statement], events: &[OutboxEvent<'_>]) -> Result<Vec<Outcome>, Error> {
        if statements.is_empty() && events.is_empty() {
            return Ok(vec![]);
        }
        let texts: Vec<Text<'_>> = statements
            .iter()
            .map(|statement| {
                let text = Text::read(&statement.sql)?;
                text.check_params(statement.params.len()).map(|()| text)
            })
            .collect::<Result<_, Error>>()?;
        let parts = migrations::sqlite()?;
        let version = migrate::version(&parts);
        let mut connection = begin()?;
        if migrate::current(&connection)? != version {
            drop(connection);
            migrate::migrate(&parts)?;
            connection = begin()?;
        }
        // Dropping the connection in an error is the rollback.
        let outcomes = apply(&connection, statements, &texts)?;
        let event_index = u32::try_from(statements.len()).unwrap_or(u32::MAX);
        insert(&connection, events).map_err(|failure| failure.into_error(event_index))?;
        persistently(|| connection.execute("COMMIT", &[]).map(drop))
            .map_err(|failure| failure.into_error(event_index))?;
        Ok(outcomes)
    }
}

/// A connection that may write, as long as it lives or until it commits.
fn begin() -> Result<Connection, Error> {
    let begin = || {
        let connection = Connection::open_failing()?;
        // What SQLite does by default today; the promises of the interface rest on it.
        connection.execute("PRAGMA foreign_keys = ON", &[])?;
        connection.execute("PRAGMA synchronous = FULL", &[])?;
        connection.execute("BEGIN IMMEDIATE", &[])?;
        Ok(connection)
    };
    persistently(begin).map_err(|failure| failure.into_error(0))
}

/// Tries again while another connection is in the way, with growing pauses.
fn persistently<T>(mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut failures = 0;
    loop {
        match attempt() {
            Err(Failure::Busy(_)) if failures + 1 < WRITE_ATTEMPTS_MAX => failures += 1,
            settled => return settled,
        }
        let pause: Duration = backoff::pause(failures);
        std::thread::sleep(pause);
    }
}

fn apply(connection: &Connection, statements: &[Statement], texts: &[Text<'_>]) -> Result<Vec<Outcome>, Error> {
    let mut allowance = Allowance::default();
    let mut outcomes = Vec::with_capacity(statements.len());
    for (index, (statement, text)) in (0..).zip(statements.iter().zip(texts)) {
        let run = || {
            let rows = connection.execute(&numbered(text), &statement.params)?;
            let changed = match text.verb {
                Verb::Select => 0,
                Verb::Write => connection.changes(),
            };
            Ok(Outcome { changed, rows })
        };
        let outcome = run().map_err(|failure: Failure| failure.into_error(index))?;
        if statement
            .expected_changes
            .is_some_and(|expected| expected != outcome.changed)
        {
            return Err(Error::Conflict(index));
        }
        allowance.take(&outcome.rows)?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Takes the ids for ever and adds one row for each event and topic, in order.
fn insert(connection: &Connection, events: &[OutboxEvent<'_>]) -> Result<(), Failure> {
    let now = Value::Integer(now_ms());
    for OutboxEvent {
        id,
        shard,
        event,
        topics,
    } in events
    {
        let id = Value::Text(id.to_string());
        let taken = "INSERT INTO host_event_ids (event_id, committed_at) VALUES (?1, ?2)";
        connection.execute(taken, &[id.clone(), now.clone()])?;
        let bytes = i64::try_from(event.body.len() + event.key.len()).unwrap_or(i64::MAX);
        for topic in topics {
            let row = "INSERT INTO host_outbox (shard, committed_at, bytes, event_id, event_type, topic, key, body) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let params = [
                Value::Integer((*shard).into()),
                now.clone(),
                Value::Integer(bytes),
                id.clone(),
                Value::Text(event.event_type.clone()),
                Value::Text(topic.clone()),
                Value::Text(event.key.clone()),
                Value::Text(event.body.clone()),
            ];
            connection.execute(row, &params)?;
        }
    }
    Ok(())
}

/// SQLite numbers `$n` by appearance, and `?n` by its number.
fn numbered(text: &Text<'_>) -> String {
    text.write(|number| Cow::Owned(format!("?{number}")))
}
