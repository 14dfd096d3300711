//! Ways around the grants that only SQLite has. What every provider refuses is in the conformance suite.

use dayloom_ports::conformance::fixture::{commit, ids, insert, owner, query, statement};
use dayloom_ports::{Storage, StorageError};
use dayloom_sqlite::SqliteStore;

use crate::support::{config, directory, open, write_migration};

/// Both doors refuse it as a mistake of the caller.
async fn assert_refused(storage: &dyn Storage, sql: &str) {
    let read = query(storage, sql).await;
    assert!(
        matches!(read, Err(StorageError::Invalid(_))),
        "query took `{sql}`: {read:?}"
    );
    let write = commit(storage, [statement(sql, [])], []).await;
    assert!(
        matches!(write, Err(StorageError::Invalid(_))),
        "commit took `{sql}`: {write:?}"
    );
}

#[tokio::test]
async fn the_schema_and_the_host_s_tables_are_out_of_reach() {
    let (_dir, store) = open();
    for sql in [
        "SELECT sql FROM sqlite_master",
        "SELECT sql FROM sqlite_schema",
        "SELECT name FROM main.sqlite_master",
        "SELECT name FROM sqlite_temp_master",
        "SELECT name FROM sqlite_sequence",
        "UPDATE sqlite_master SET sql = ''",
        "DELETE FROM sqlite_schema",
        "SELECT body FROM host_log",
        "SELECT body FROM HOST_LOG",
        "SELECT body FROM \"host_log\"",
        "SELECT body FROM main.host_log",
        "SELECT 1 FROM host_dead_letters",
        "DELETE FROM host_cursors",
        "INSERT INTO host_jobs (component, name, at, payload, attempts) VALUES ('owner', 'n', 0, '{}', 0)",
        "INSERT INTO things (id) SELECT event_id FROM host_log",
        "SELECT name FROM host_migrations",
        "SELECT name FROM dbstat",
        "SELECT word FROM \"secrets\"",
        "SELECT word FROM main.SECRETS",
    ] {
        assert_refused(&*store, sql).await;
    }
}

#[tokio::test]
async fn pragmas_are_refused_in_every_form() {
    let (_dir, store) = open();
    for sql in [
        "PRAGMA table_info(things)",
        "PRAGMA main.journal_mode = DELETE",
        "PRAGMA writable_schema = ON",
        "PRAGMA foreign_keys",
        "PRAGMA user_version = 7",
        "SELECT name FROM pragma_table_info('things')",
        "SELECT file FROM pragma_database_list",
        "SELECT compile_options FROM pragma_compile_options",
    ] {
        assert_refused(&*store, sql).await;
    }
}

#[tokio::test]
async fn other_files_other_schemas_and_transactions_are_refused() {
    let (dir, store) = open();
    let other = dir.path().join("other.db");
    for sql in [
        &format!("ATTACH '{}' AS other", other.display()),
        "ATTACH ':memory:' AS other",
        "DETACH main",
        &format!("VACUUM INTO '{}'", other.display()),
        "CREATE TEMP TABLE things (id TEXT)",
        "CREATE TEMP TRIGGER t AFTER INSERT ON things BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE TRIGGER t AFTER INSERT ON things BEGIN INSERT INTO secrets (id) VALUES ('x'); END",
        "BEGIN IMMEDIATE",
        "END",
        "ROLLBACK TO request",
        "RELEASE request",
        "SAVEPOINT request",
    ] {
        assert_refused(&*store, sql).await;
    }
    assert!(!other.exists());
}

#[tokio::test]
async fn functions_that_reach_out_or_blow_up_are_refused() {
    let (_dir, store) = open();
    for sql in [
        "SELECT load_extension('/tmp/x')",
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT printf('%1000000000d', 1)",
        "SELECT format('%1000000000d', 1)",
        "SELECT sqlite_version()",
        "SELECT sqlite_compileoption_get(0)",
        "SELECT last_insert_rowid()",
        "SELECT changes()",
        "SELECT fts5(NULL)",
        "SELECT fts3_tokenizer('simple')",
        "SELECT value FROM generate_series(1, 10)",
    ] {
        assert_refused(&*store, sql).await;
    }
    let usual = "SELECT lower('A'), coalesce(NULL, 1), json_extract('{\"a\":2}', '$.a'), '{\"a\":3}' ->> 'a', 'x' LIKE 'X', \
                 (SELECT count(*) FROM json_each('[1,2]')), abs(-1), max(1, 2), substr('abc', 2), unixepoch('now') > 0";
    assert!(query(&*store, usual).await.is_ok());
}

#[tokio::test]
async fn a_common_table_expression_is_readable_and_hides_nothing() {
    let (_dir, store) = open();
    commit(&*store, [insert("a")], []).await.expect("a row is inserted");
    for (sql, count) in [
        ("WITH x AS (SELECT id FROM things) SELECT count(*) FROM x", 1),
        ("WITH x(id) AS (VALUES (1), (2)) SELECT count(*) FROM things, x", 2),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT count(*) FROM n",
            5,
        ),
        ("SELECT count(*) FROM (SELECT id FROM things) x", 1),
    ] {
        assert_eq!(
            query(&*store, sql).await,
            Ok(vec![vec![dayloom_ports::Value::Integer(count)]]),
            "{sql}"
        );
    }
    for sql in [
        "WITH x AS (SELECT 1 FROM secrets) SELECT count(*) FROM x",
        "WITH secrets AS (SELECT 1) SELECT count(*) FROM main.secrets",
        "SELECT count(*) FROM SECRETS",
        "SELECT count(*) FROM dbstat",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT count(*) FROM host_log",
        "SELECT count(*) FROM pragma_table_list",
        "SELECT count(*) FROM Pragma_Table_Info('things')",
        "SELECT count(*) FROM fts5vocab",
    ] {
        assert_refused(&*store, sql).await;
    }
}

#[tokio::test]
async fn a_statement_can_not_end_the_transaction_of_others() {
    let (_dir, store) = open();
    commit(&*store, [insert("a")], []).await.expect("a row is inserted");
    for sql in [
        "INSERT OR ROLLBACK INTO things (id) VALUES ('a')",
        "INSERT OR RollBack INTO things (id) VALUES ('b')",
    ] {
        assert_refused(&*store, sql).await;
    }
    // Keeping half of a statement is not for callers either: it goes with the rest.
    let half = "INSERT OR FAIL INTO things (id) VALUES ('x'), ('a')";
    assert_eq!(
        commit(&*store, [statement(half, [])], []).await,
        Err(StorageError::Conflict(0))
    );
    assert_eq!(ids(&*store).await, ["a"]);
}

#[tokio::test]
async fn other_kinds_of_parameters_are_refused() {
    let (_dir, store) = open();
    for sql in [
        "SELECT ?",
        "SELECT ?1",
        "SELECT :a",
        "SELECT @a",
        "SELECT $a",
        "SELECT $1::text",
    ] {
        let answer = store.query(&owner(), sql, &[dayloom_ports::Value::Null]).await;
        assert!(matches!(answer, Err(StorageError::Invalid(_))), "{sql}: {answer:?}");
    }
}

#[tokio::test]
async fn triggers_and_views_of_migrations_run_under_the_caller_s_grants() {
    let dir = directory();
    write_migration(
        dir.path(),
        "0002_triggers.sql",
        "CREATE TABLE counts (n BIGINT NOT NULL);
         INSERT INTO counts VALUES (0);
         CREATE TRIGGER count_secrets AFTER INSERT ON secrets BEGIN UPDATE counts SET n = n + 1; END;
         CREATE TRIGGER leak AFTER INSERT ON parts BEGIN UPDATE things SET note = (SELECT max(word) FROM secrets); END;
         CREATE VIEW peek AS SELECT word FROM secrets;",
    );
    let mut config = config(dir.path());
    let own = config.grants.get_mut("owner").expect("the owner has a grant");
    own.tables.insert("peek".to_owned());
    let store = SqliteStore::open(config).expect("the store opens");
    assert_refused(&*store, "SELECT word FROM peek").await;
    assert_refused(&*store, "INSERT INTO parts (id, thing_id) VALUES ('p', 't')").await;
    let sql = "INSERT INTO secrets (id) VALUES ('s')";
    let answer = store.commit(&"stranger".into(), vec![statement(sql, [])], vec![]).await;
    assert!(
        matches!(answer, Err(StorageError::Invalid(_))),
        "the trigger's table is not granted: {answer:?}"
    );
}
