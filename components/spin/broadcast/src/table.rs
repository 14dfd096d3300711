//! Live messages as rows of the database: the latest ones, in the order of their positions.

use dayloom_spin_kit::{Database, Dialect, Settings, Statement, Value};

use super::wit::Message;

/// Rows that are kept: as many as the log in Redis keeps.
const ROWS_MAX: i64 = 10_000;
/// Milliseconds a row is kept: a client that was away for longer reloads.
const KEPT_MS: i64 = 300_000;
/// Messages of one commit, so that it stays within what one may hold.
const COMMIT_MESSAGES_MAX: usize = 20;

/// PostgreSQL gives out positions before it commits them, and a reader that has seen one never looks before it: so one
/// writer at a time, until its commit. SQLite has one writer in any case. "live" in ASCII.
const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(1818850917)";

/// In order. A second message of an event to one user is dropped.
pub(super) fn append(settings: &Settings, messages: &[Message]) -> Result<(), String> {
    let database = Database::open(settings).map_err(|error| error.to_string())?;
    for part in messages.chunks(COMMIT_MESSAGES_MAX) {
        let statements = statements(database.dialect(), part);
        database.commit(&statements, &[]).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn statements(dialect: Dialect, messages: &[Message]) -> Vec<Statement> {
    let now = dialect.now_ms();
    let mut statements = vec![];
    if dialect == Dialect::Postgres {
        statements.push(statement(ONE_AT_A_TIME.to_owned(), vec![]));
    }
    let insert = format!(
        "INSERT INTO host_live (sent_at, bytes, user_id, event_id, body) VALUES ({now}, $1, $2, $3, $4) \
         ON CONFLICT (user_id, event_id) DO NOTHING"
    );
    for message in messages {
        let bytes = i64::try_from(message.body.len()).unwrap_or(i64::MAX);
        let [user, event, body] =
            [&message.user_id, &message.event_id, &message.body].map(|text| Value::Text(text.clone()));
        statements.push(statement(
            insert.clone(),
            vec![Value::Integer(bytes), user, event, body],
        ));
    }
    // The newest row stays whatever its age, so that positions never begin anew.
    let forget = format!(
        "DELETE FROM host_live WHERE position <= (SELECT max(position) FROM host_live) - {ROWS_MAX} \
         OR (sent_at < {now} - {KEPT_MS} AND position < (SELECT max(position) FROM host_live))"
    );
    statements.push(statement(forget, vec![]));
    statements
}

fn statement(sql: String, params: Vec<Value>) -> Statement {
    Statement {
        sql,
        params,
        expected_changes: None,
    }
}
