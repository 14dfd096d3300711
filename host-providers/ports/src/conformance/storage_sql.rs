//! What a component may say in SQL.

use super::fixture::{commit, ids, insert, owner, query, statement, stranger, text};
use crate::{Storage, StorageError, Value};

fn is_invalid<T>(result: Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Invalid(_)))
}

async fn assert_refused(storage: &dyn Storage, texts: &[&str]) {
    for sql in texts {
        let read = query(storage, sql).await;
        assert!(is_invalid(read.clone()), "query took `{sql}`: {read:?}");
        let write = commit(storage, [statement(sql, [])], []).await;
        assert!(is_invalid(write.clone()), "commit took `{sql}`: {write:?}");
    }
}

/// `commit` is the only way to write.
pub async fn a_query_does_not_write(storage: &dyn Storage) {
    for sql in [
        "INSERT INTO things (id) VALUES ('a')",
        "INSERT INTO things (id) VALUES ('b') RETURNING id",
        "UPDATE things SET n = 1",
        "DELETE FROM things",
        "WITH gone AS (SELECT id FROM things) DELETE FROM things WHERE id IN (SELECT id FROM gone)",
    ] {
        assert!(is_invalid(query(storage, sql).await), "{sql}");
        assert!(commit(storage, [statement(sql, [])], []).await.is_ok(), "{sql}");
    }
}

/// Neither directly nor through a subquery, a join, a common table expression or a copy.
pub async fn only_granted_tables_are_read_and_written(storage: &dyn Storage) {
    let write = vec![statement("INSERT INTO secrets (id, word) VALUES ('s', 'w')", [])];
    storage.commit(&stranger(), write, vec![]).await.expect("its own table");
    commit(storage, [insert("a")], []).await.expect("its own table");
    assert_refused(
        storage,
        &[
            "SELECT word FROM secrets",
            "SELECT count(*) FROM secrets",
            "SELECT 1 FROM secrets",
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM secrets)",
            "SELECT id FROM things WHERE id IN (SELECT id FROM secrets)",
            "SELECT t.id FROM things t JOIN secrets s ON s.id = t.id",
            "WITH things AS (SELECT id FROM secrets) SELECT id FROM things",
            "INSERT INTO secrets (id) VALUES ('x')",
            "INSERT INTO things (id) SELECT id FROM secrets",
            "INSERT INTO things (id) VALUES ((SELECT word FROM secrets))",
            "INSERT INTO things (id) VALUES ('a') ON CONFLICT (id) DO UPDATE SET note = (SELECT word FROM secrets)",
            "UPDATE secrets SET word = 'x'",
            "UPDATE things SET note = (SELECT word FROM secrets)",
            "UPDATE things SET note = word FROM secrets",
            "DELETE FROM secrets",
            "DELETE FROM things WHERE EXISTS (SELECT 1 FROM secrets)",
            "INSERT INTO things (id) VALUES ('b') RETURNING (SELECT word FROM secrets)",
        ],
    )
    .await;
    assert_eq!(ids(storage).await, ["a"]);
    // A text that one component may run is still refused to another, however often it ran.
    let sql = "SELECT word FROM secrets";
    assert_eq!(storage.query(&stranger(), sql, &[]).await, Ok(vec![vec![text("w")]]));
    assert_refused(storage, &[sql]).await;
}

/// Unknown to storage means no storage.
pub async fn a_component_without_a_grant_has_no_storage(storage: &dyn Storage) {
    let nobody = "nobody".into();
    assert!(is_invalid(storage.query(&nobody, "SELECT 1", &[]).await));
    assert!(is_invalid(storage.commit(&nobody, vec![], vec![]).await));
}

/// No schema, no transactions, no settings.
pub async fn anything_but_rows_is_refused(storage: &dyn Storage) {
    assert_refused(
        storage,
        &[
            "CREATE TABLE other (id TEXT)",
            "CREATE TEMPORARY TABLE other (id TEXT)",
            "CREATE INDEX things_n ON things (n)",
            "CREATE VIEW other AS SELECT id FROM things",
            "ALTER TABLE things ADD COLUMN extra TEXT",
            "DROP TABLE things",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT s",
            "RELEASE s",
            "EXPLAIN SELECT id FROM things",
            "ANALYZE",
            "VACUUM",
            "REINDEX",
            "",
            "   ",
            "-- only a comment",
            "no sql at all",
            "SELECT FROM WHERE",
            "SELECT nothing FROM things",
        ],
    )
    .await;
}

/// A second statement, even a harmless one, is refused with the first.
pub async fn one_text_is_one_statement(storage: &dyn Storage) {
    assert_refused(
        storage,
        &[
            "SELECT 1; SELECT 2",
            "SELECT 1; DELETE FROM things",
            "INSERT INTO things (id) VALUES ('a'); INSERT INTO things (id) VALUES ('b')",
            "SELECT 1\0; DELETE FROM things",
        ],
    )
    .await;
    assert!(ids(storage).await.is_empty());
    assert_eq!(query(storage, "SELECT 1; ").await, Ok(vec![vec![Value::Integer(1)]]));
}

/// As many as the text numbers, without gaps.
pub async fn parameters_match_the_text(storage: &dyn Storage) {
    let sql = "SELECT id FROM things WHERE id = $1 AND note = $2";
    for count in [0, 1, 3] {
        assert!(
            is_invalid(storage.query(&owner(), sql, &vec![Value::Null; count]).await),
            "{count}"
        );
    }
    for sql in [
        "SELECT id FROM things WHERE id = $2",
        "SELECT id FROM things WHERE id = $0",
    ] {
        assert!(is_invalid(storage.query(&owner(), sql, &[Value::Null]).await), "{sql}");
    }
}

/// Databases disagree about the others, so nobody stores them.
pub async fn reals_are_finite(storage: &dyn Storage) {
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let write = statement("INSERT INTO things (id, weight) VALUES ('a', $1)", [Value::Real(real)]);
        assert!(is_invalid(commit(storage, [write], []).await), "{real}");
    }
}
