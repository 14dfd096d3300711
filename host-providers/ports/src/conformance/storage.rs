//! Reading, writing, conflicts.

use super::fixture::{commit, ids, insert, owner, query, statement, text};
use crate::{Statement, Storage, StorageError, Value};

/// Every kind of value survives the way there and back, extremes included.
pub async fn values_come_back_as_they_were(storage: &dyn Storage) {
    let rows = [
        vec![text("a"), Value::Integer(i64::MIN), Value::Real(-0.5), text("")],
        vec![
            text("b"),
            Value::Integer(i64::MAX),
            Value::Real(1e300),
            text("äöü 漢字 🦀 '\"; --"),
        ],
        vec![text("c"), Value::Null, Value::Null, Value::Null],
    ];
    let sql = "INSERT INTO things (id, n, weight, note) VALUES ($1, $2, $3, $4)";
    let statements: Vec<_> = rows.iter().map(|row| statement(sql, row.clone())).collect();
    let outcomes = commit(storage, statements, []).await.expect("rows are inserted");
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.changed == 1 && outcome.rows.is_empty())
    );
    assert_eq!(
        query(storage, "SELECT id, n, weight, note FROM things ORDER BY id").await,
        Ok(rows.to_vec())
    );
}

/// Read your writes: always, not only usually.
pub async fn a_query_sees_what_was_committed(storage: &dyn Storage) {
    for number in 1..=100 {
        commit(storage, [insert(&format!("{number:03}"))], [])
            .await
            .expect("a row is inserted");
        let count = query(storage, "SELECT count(*) FROM things").await;
        assert_eq!(count, Ok(vec![vec![Value::Integer(number)]]));
    }
}

/// `$2` before `$1` is still the second parameter, and `$1` may stand twice.
pub async fn parameters_are_numbered_and_may_repeat_their_order(storage: &dyn Storage) {
    commit(
        storage,
        [statement(
            "INSERT INTO things (note, id) VALUES ($2, $1)",
            [text("id"), text("note")],
        )],
        [],
    )
    .await
    .expect("a row is inserted");
    let sql = "SELECT id, note FROM things WHERE note = $2 AND id = $1 AND id <> $2 AND $1 = id";
    let found = storage.query(&owner(), sql, &[text("id"), text("note")]).await;
    assert_eq!(found, Ok(vec![vec![text("id"), text("note")]]));
}

/// `RETURNING` and `SELECT` give rows inside a commit; only the first counts as a change.
pub async fn returning_rows_come_back_in_order(storage: &dyn Storage) {
    let update = "UPDATE things SET n = n + 1 WHERE id = $1 RETURNING id, n";
    let statements = [
        insert("a"),
        statement(update, [text("a")]),
        statement("SELECT n FROM things", []),
        statement("DELETE FROM things", []),
        statement("SELECT count(*) FROM things", []),
    ];
    let outcomes = commit(storage, statements, [])
        .await
        .expect("the statements run in order");
    let changed: Vec<u64> = outcomes.iter().map(|outcome| outcome.changed).collect();
    assert_eq!(changed, [1, 1, 0, 1, 0]);
    assert_eq!(outcomes[1].rows, [[text("a"), Value::Integer(2)]]);
    assert_eq!(outcomes[2].rows, [[Value::Integer(2)]]);
    assert_eq!(outcomes[4].rows, [[Value::Integer(0)]]);
}

/// Uniqueness and references are conflicts; a missing value is a mistake.
pub async fn a_unique_violation_is_a_conflict_with_its_statement(storage: &dyn Storage) {
    commit(storage, [insert("a")], []).await.expect("a row is inserted");
    assert_eq!(commit(storage, [insert("a")], []).await, Err(StorageError::Conflict(0)));
    assert_eq!(
        commit(storage, [insert("b"), insert("c"), insert("a")], []).await,
        Err(StorageError::Conflict(2))
    );
    let orphan = statement("INSERT INTO parts (id, thing_id) VALUES ('p', 'nowhere')", []);
    assert_eq!(commit(storage, [orphan], []).await, Err(StorageError::Conflict(0)));
    let lacking = statement("INSERT INTO parts (id, thing_id) VALUES ('p', NULL)", []);
    assert!(matches!(
        commit(storage, [lacking], []).await,
        Err(StorageError::Invalid(_))
    ));
}

/// More changes or fewer than expected are a conflict; as many are not.
pub async fn an_expected_count_is_held(storage: &dyn Storage) {
    let expecting = |count| Statement {
        expected_changes: Some(count),
        ..statement("UPDATE things SET n = n + 1 WHERE id <= $1", [text("b")])
    };
    commit(storage, [insert("a"), insert("b"), insert("c")], [])
        .await
        .expect("rows are inserted");
    assert_eq!(
        commit(storage, [insert("d"), expecting(1)], []).await,
        Err(StorageError::Conflict(1))
    );
    assert_eq!(
        commit(storage, [expecting(3)], []).await,
        Err(StorageError::Conflict(0))
    );
    assert_eq!(
        commit(storage, [expecting(2)], [])
            .await
            .map(|outcomes| outcomes[0].changed),
        Ok(2)
    );
    let sum = query(storage, "SELECT n FROM things ORDER BY id").await;
    assert_eq!(
        sum,
        Ok(vec![
            vec![Value::Integer(2)],
            vec![Value::Integer(2)],
            vec![Value::Integer(1)]
        ])
    );
}

/// All or nothing, whichever statement fails.
pub async fn a_conflict_leaves_nothing_behind(storage: &dyn Storage) {
    commit(storage, [insert("taken")], []).await.expect("a row is inserted");
    let statements = [statement("DELETE FROM things", []), insert("new"), insert("new")];
    assert_eq!(commit(storage, statements, []).await, Err(StorageError::Conflict(2)));
    assert_eq!(ids(storage).await, ["taken"]);
}

/// A commit after a failed one, and before it, is not touched by it.
pub async fn a_conflict_does_not_disturb_others(storage: &dyn Storage) {
    commit(storage, [insert("a")], []).await.expect("a row is inserted");
    assert!(commit(storage, [insert("b"), insert("a")], []).await.is_err());
    commit(storage, [insert("c")], []).await.expect("a row is inserted");
    assert_eq!(ids(storage).await, ["a", "c"]);
}

/// Either list may be empty, and both.
pub async fn an_empty_commit_succeeds(storage: &dyn Storage) {
    assert_eq!(commit(storage, [], []).await, Ok(vec![]));
    assert_eq!(commit(storage, [], [super::fixture::event("k")]).await, Ok(vec![]));
}

/// A store that works says so.
pub async fn ready_says_so(storage: &dyn Storage) {
    assert_eq!(storage.ready().await, Ok(()));
}
