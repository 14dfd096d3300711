//! Every limit: at it, and one past it.

use super::fixture::{commit, event, ids, insert, owner, query, statement, text};
use crate::limits::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, COMMIT_STATEMENTS_MAX, EVENT_BODY_BYTES_MAX, QUERY_BYTES_MAX, QUERY_ROWS_MAX,
    STATEMENT_PARAMS_MAX,
};
use crate::{Event, Storage, StorageError, Value};

fn is_too_large<T>(result: Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::TooLarge(_)))
}

/// Rows of one query.
pub async fn rows_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let tens: Vec<_> = (0..10).map(|digit| insert(&digit.to_string())).collect();
    commit(storage, tens, []).await.expect("ten rows are inserted");
    // A cross join of four tens is 10,000 rows.
    let from = "FROM things a, things b, things c, things d";
    assert_eq!(QUERY_ROWS_MAX, 10_000);
    let at = query(storage, &format!("SELECT a.n {from}")).await;
    assert_eq!(at.map(|rows| rows.len()), Ok(QUERY_ROWS_MAX));
    let past = format!("SELECT a.n {from} UNION ALL SELECT 1");
    assert!(is_too_large(query(storage, &past).await));
    assert!(is_too_large(
        commit(storage, [insert("x"), statement(&past, [])], []).await
    ));
    assert_eq!(ids(storage).await.len(), 10);
}

/// Bytes of one query's cells.
pub async fn bytes_of_rows_past_the_limit(storage: &dyn Storage) {
    let size = COMMIT_BYTES_MAX - 100;
    for id in ["a", "b", "c"] {
        let row = [text(id), text("x".repeat(size))];
        commit(
            storage,
            [statement("INSERT INTO things (id, note) VALUES ($1, $2)", row)],
            [],
        )
        .await
        .expect("a large row is inserted");
    }
    const { assert!(QUERY_BYTES_MAX == 2 * COMMIT_BYTES_MAX) };
    let within = query(storage, "SELECT note FROM things WHERE id <= 'b'").await;
    assert_eq!(within.map(|rows| rows.len()), Ok(2));
    assert!(is_too_large(query(storage, "SELECT note FROM things").await));
}

/// Statements of one commit.
pub async fn statements_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let statements = |count: usize| -> Vec<_> { (0..count).map(|number| insert(&format!("{number}"))).collect() };
    assert!(is_too_large(
        commit(storage, statements(COMMIT_STATEMENTS_MAX + 1), []).await
    ));
    assert!(ids(storage).await.is_empty());
    assert!(commit(storage, statements(COMMIT_STATEMENTS_MAX), []).await.is_ok());
    assert_eq!(ids(storage).await.len(), COMMIT_STATEMENTS_MAX);
}

/// Events of one commit.
pub async fn events_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let events = |count: usize| -> Vec<_> { (0..count).map(|_| event("k")).collect() };
    assert!(is_too_large(
        commit(storage, [insert("a")], events(COMMIT_EVENTS_MAX + 1)).await
    ));
    assert!(ids(storage).await.is_empty());
    assert!(commit(storage, [], events(COMMIT_EVENTS_MAX)).await.is_ok());
}

/// Parameters and bodies count together.
pub async fn bytes_of_a_commit_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let body = 1_000;
    let write = |bytes: usize| {
        let params = [text("a"), text("x".repeat(bytes - body - 1))];
        let event = Event {
            body: "x".repeat(body),
            ..event("k")
        };
        (
            statement("INSERT INTO things (id, note) VALUES ($1, $2)", params),
            event,
        )
    };
    let (past, event) = write(COMMIT_BYTES_MAX + 1);
    assert!(is_too_large(commit(storage, [past], [event]).await));
    let (at, event) = write(COMMIT_BYTES_MAX);
    assert!(commit(storage, [at], [event]).await.is_ok());
}

/// Bytes of one event's body.
pub async fn an_event_body_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let sized = |bytes: usize| Event {
        body: "x".repeat(bytes),
        ..event("k")
    };
    assert!(is_too_large(
        commit(storage, [], [sized(EVENT_BODY_BYTES_MAX + 1)]).await
    ));
    assert!(commit(storage, [], [sized(EVENT_BODY_BYTES_MAX)]).await.is_ok());
}

/// Parameters of one statement.
pub async fn parameters_at_the_limit_and_one_past_it(storage: &dyn Storage) {
    let call = |count: usize| {
        let slots: Vec<String> = (1..=count).map(|slot| format!("${slot}")).collect();
        (
            format!("SELECT id FROM things WHERE id IN ({})", slots.join(", ")),
            vec![text("a"); count],
        )
    };
    let (sql, params) = call(STATEMENT_PARAMS_MAX);
    assert_eq!(storage.query(&owner(), &sql, &params).await, Ok(vec![]));
    let (sql, params) = call(STATEMENT_PARAMS_MAX + 1);
    assert!(matches!(
        storage.query(&owner(), &sql, &params).await,
        Err(StorageError::Invalid(_))
    ));
    let surplus = vec![Value::Null; STATEMENT_PARAMS_MAX + 1];
    assert!(matches!(
        commit(storage, [statement("SELECT 1", surplus)], []).await,
        Err(StorageError::Invalid(_))
    ));
}
