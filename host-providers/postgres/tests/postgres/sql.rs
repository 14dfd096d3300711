//! Types on their way to the server and back, and the texts that the application's components say.

use dayloom_ports::conformance::fixture::{commit, insert, owner, query, statement, text};
use dayloom_ports::{Storage, StorageError, Value};

use crate::support::Database;

use Value::{Integer, Null, Real};

#[tokio::test]
async fn parameters_are_what_their_place_wants() {
    let database = Database::new().await;
    database.write_migration(
        "0002_kinds.sql",
        "ALTER TABLE things ADD COLUMN small SMALLINT; ALTER TABLE things ADD COLUMN whole INTEGER;
         ALTER TABLE things ADD COLUMN flag BOOLEAN; ALTER TABLE things ADD COLUMN single REAL;
         ALTER TABLE things ADD COLUMN doc JSON; ALTER TABLE things ADD COLUMN docb JSONB;",
    );
    let store = database.store().await;
    let sql = "INSERT INTO things (id, small, whole, flag, single, n, weight, note, doc) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING small, whole, flag, single, n, weight, note, doc";
    let row = vec![
        text("a"),
        Integer(-7),
        Integer(70_000),
        Integer(1),
        Real(0.5),
        Integer(1 << 40),
        Integer(3),
        Integer(5),
        text("{\"a\": 1}"),
    ];
    let outcome = commit(&*store, [statement(sql, row)], [])
        .await
        .expect("it is inserted");
    let back = vec![
        Integer(-7),
        Integer(70_000),
        Integer(1),
        Real(0.5),
        Integer(1 << 40),
        Real(3.0),
        text("5"),
        text("{\"a\": 1}"),
    ];
    assert_eq!(outcome[0].rows, [back]);
    let select = async |sql: &str, params: &[Value]| store.query(&owner(), sql, params).await;
    for (sql, params, cells) in [
        ("SELECT $1", vec![Integer(5)], vec![Integer(5)]),
        (
            "SELECT $1, $2, $3",
            vec![Real(1.5), text("x"), Null],
            vec![Real(1.5), text("x"), Null],
        ),
        ("SELECT $1 || $2", vec![text("a"), text("b")], vec![text("ab")]),
        ("SELECT $1 || id FROM things", vec![Integer(1)], vec![text("1a")]),
        (
            "SELECT count(*) FROM things WHERE $1 IS NULL",
            vec![Null],
            vec![Integer(1)],
        ),
        (
            "SELECT count(*) FROM things WHERE $1 IS NULL",
            vec![Integer(1)],
            vec![Integer(0)],
        ),
        (
            "SELECT count(*) FROM things WHERE $1 IS NULL OR note = $1",
            vec![Null],
            vec![Integer(1)],
        ),
        (
            "SELECT count(*) FROM things WHERE $1 IS NULL OR n = $1",
            vec![Null],
            vec![Integer(1)],
        ),
        ("SELECT count(*) FROM things WHERE n = $1", vec![Null], vec![Integer(0)]),
        (
            "SELECT coalesce(note, $1) FROM things",
            vec![text("x")],
            vec![text("5")],
        ),
        ("SELECT coalesce($1, n) FROM things", vec![Null], vec![Integer(1 << 40)]),
        (
            "SELECT sum(n), avg(whole), max(small), count(note) FROM things",
            vec![],
            vec![Integer(1 << 40), Real(70_000.0), Integer(-7), Integer(1)],
        ),
        (
            "SELECT sum(n) FROM things HAVING sum(n) > $1",
            vec![Integer(1)],
            vec![Integer(1 << 40)],
        ),
        (
            "SELECT id FROM things WHERE id LIKE $1 ESCAPE '!' LIMIT $2 OFFSET $3",
            vec![text("%a%"), Integer(9), Integer(0)],
            vec![text("a")],
        ),
        (
            "SELECT substr(id, $1, $2), length(id), upper(id) FROM things",
            vec![Integer(1), Integer(1)],
            vec![text("a"), Integer(1), text("A")],
        ),
        (
            "SELECT CASE WHEN n > $1 THEN $2 ELSE $3 END FROM things",
            vec![Integer(0), text("more"), text("less")],
            vec![text("more")],
        ),
        ("SELECT n > 1, 1 = 2 FROM things", vec![], vec![Integer(1), Integer(0)]),
        (
            "SELECT id FROM things WHERE (n, id) > ($1, $2)",
            vec![Integer(1), text("")],
            vec![text("a")],
        ),
        (
            "SELECT CAST(n AS TEXT), CAST($1 AS BIGINT) FROM things",
            vec![Integer(2)],
            vec![text("1099511627776"), Integer(2)],
        ),
        ("SELECT doc ->> 'a' FROM things", vec![], vec![text("1")]),
        (
            "SELECT round(weight), 7 / 2, 7 % 2, -n FROM things",
            vec![],
            vec![Real(3.0), Integer(3), Integer(1), Integer(-(1 << 40))],
        ),
    ] {
        assert_eq!(select(sql, &params).await, Ok(vec![cells]), "{sql}");
    }
    for (sql, param) in [
        ("SELECT id FROM things WHERE small = $1", Integer(40_000)),
        ("SELECT id FROM things WHERE n = $1", text("1")),
        ("SELECT id FROM things WHERE n = $1", Real(1.5)),
        ("SELECT id FROM things WHERE id = $1", Integer(1)),
        ("SELECT id FROM things WHERE id = $1", text("a\0b")),
        ("SELECT n / $1 FROM things", Integer(0)),
        ("SELECT n + $1 FROM things", Integer(i64::MAX)),
    ] {
        let answer = select(sql, std::slice::from_ref(&param)).await;
        assert!(
            matches!(answer, Err(StorageError::Invalid(_))),
            "{sql} with {param:?}: {answer:?}"
        );
    }
    let nothing = commit(
        &*store,
        [insert("b"), statement("UPDATE things SET n = $1", [text("x")])],
        [],
    )
    .await;
    assert!(matches!(nothing, Err(StorageError::Invalid(_))), "{nothing:?}");
    assert_eq!(
        query(&*store, "SELECT count(*) FROM things").await,
        Ok(vec![vec![Integer(1)]])
    );
}

#[tokio::test]
async fn an_index_entry_that_is_too_large_is_told_as_that() {
    let database = Database::new().await;
    let store = database.store().await;
    let id: String = (0..40_000).map(|_| fastrand::alphanumeric()).collect();
    let answer = commit(&*store, [insert(&id)], []).await;
    assert!(matches!(answer, Err(StorageError::TooLarge(_))), "{answer:?}");
    assert!(commit(&*store, [insert("a")], []).await.is_ok());
}
