//! What stands between a data directory and a store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dayloom_ports::conformance::fixture::{self, commit, ids, insert};
use dayloom_sqlite::{OpenError, SqliteStore};

use crate::support::{config, directory, open, subscription, write_migration};

fn refusal(dir: &Path) -> String {
    match SqliteStore::open(config(dir)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("the store opened"),
    }
}

#[tokio::test]
async fn one_data_directory_has_one_store() {
    let (dir, store) = open();
    let second = SqliteStore::open(config(dir.path()));
    assert!(matches!(second, Err(OpenError::Locked(_))));
    let message = refusal(dir.path());
    assert!(
        message.contains("in use by another dayloom process") && !message.contains('\n'),
        "{message}"
    );
    drop(store);
    assert!(SqliteStore::open(config(dir.path())).is_ok());
}

#[tokio::test]
async fn only_the_owner_may_enter() {
    let (dir, store) = open();
    commit(&*store, [insert("a")], []).await.expect("a row is inserted");
    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    let data = dir.path().join("data");
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert!(files.iter().any(|file| file.ends_with("dayloom.db-wal")), "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn migrations_are_applied_once_and_in_order() {
    let dir = directory();
    write_migration(
        dir.path(),
        "0003_third.sql",
        "INSERT INTO things (id) VALUES ('third'); DROP TABLE second;",
    );
    write_migration(dir.path(), "0002_second.sql", "CREATE TABLE second (id TEXT);");
    write_migration(dir.path(), "notes.txt", "not a migration");
    for _ in 0..2 {
        let store = SqliteStore::open(config(dir.path())).expect("the store opens");
        assert_eq!(ids(&*store).await, ["third"]);
    }
    write_migration(
        dir.path(),
        "0004_fourth.sql",
        "INSERT INTO things (id) VALUES ('fourth');",
    );
    let store = SqliteStore::open(config(dir.path())).expect("the store opens");
    assert_eq!(ids(&*store).await, ["fourth", "third"]);
}

#[tokio::test]
async fn history_is_not_rewritten() {
    let (dir, store) = open();
    drop(store);
    let (name, sql) = fixture::MIGRATION;
    write_migration(dir.path(), name, &format!("{sql} "));
    assert!(refusal(dir.path()).contains("was changed"));
    fs::remove_file(dir.path().join("migrations").join(name)).expect("it was there");
    assert!(refusal(dir.path()).contains("is missing"));
    write_migration(dir.path(), name, sql);
    write_migration(dir.path(), "0000_before.sql", "CREATE TABLE other (id TEXT);");
    assert!(refusal(dir.path()).contains("only the end can be added to"));
    fs::remove_file(dir.path().join("migrations/0000_before.sql")).expect("it was there");
    assert!(SqliteStore::open(config(dir.path())).is_ok());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let dir = directory();
    write_migration(
        dir.path(),
        "0002_broken.sql",
        "CREATE TABLE half (id TEXT); CREATE TABLE things (id TEXT);",
    );
    assert!(refusal(dir.path()).contains("0002_broken.sql"));
    write_migration(dir.path(), "0002_broken.sql", "CREATE TABLE half (id TEXT);");
    assert!(SqliteStore::open(config(dir.path())).is_ok());
}

#[tokio::test]
async fn a_migration_stays_in_its_place() {
    for sql in [
        "CREATE TABLE host_more (id TEXT)",
        "CREATE TABLE HOST_more (id TEXT)",
        "DROP TABLE host_log",
        "ALTER TABLE host_log ADD COLUMN extra TEXT",
        "DELETE FROM host_migrations",
        "CREATE TRIGGER t AFTER INSERT ON host_log BEGIN SELECT 1; END",
        "CREATE TABLE x (id TEXT); COMMIT; CREATE TABLE y (id TEXT)",
        "ATTACH ':memory:' AS other",
        "CREATE TABLE x (id TEXT REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)",
    ] {
        let dir = directory();
        write_migration(dir.path(), "0002_more.sql", sql);
        assert!(refusal(dir.path()).contains("0002_more.sql"), "{sql}");
        write_migration(dir.path(), "0002_more.sql", "CREATE TABLE x (id TEXT)");
        assert!(SqliteStore::open(config(dir.path())).is_ok(), "after {sql}");
    }
    let dir = directory();
    write_migration(dir.path(), "two.sql", "SELECT 1");
    assert!(refusal(dir.path()).contains("NNNN_name.sql"));
}

#[tokio::test]
async fn a_configuration_that_contradicts_itself_is_refused() {
    let dir = directory();
    let refused = |change: &dyn Fn(&mut dayloom_sqlite::SqliteConfig)| {
        let mut config = config(dir.path());
        change(&mut config);
        matches!(SqliteStore::open(config), Err(OpenError::Config(_)))
    };
    for table in ["host_log", "sqlite_master", "Things"] {
        assert!(refused(&|config| {
            config
                .grants
                .entry("owner".into())
                .or_default()
                .tables
                .insert(table.to_owned());
        }));
    }
    assert!(refused(
        &|config| config.subscriptions = vec![subscription("a"), subscription("a")]
    ));
    for batch in [0, 1_001] {
        assert!(refused(&|config| {
            config.subscriptions = vec![dayloom_ports::Subscription {
                batch,
                ..subscription("a")
            }];
        }));
    }
    assert!(refused(&|config| {
        config.subscriptions = vec![dayloom_ports::Subscription {
            attempts_max: 0,
            ..subscription("a")
        }];
    }));
    assert!(!refused(
        &|config| config.subscriptions = vec![subscription("a"), subscription("b")]
    ));
}
