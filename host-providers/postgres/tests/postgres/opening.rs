//! What is there after a store opened, and what keeps it from opening.

use std::sync::Arc;

use dayloom_ports::conformance::fixture::{self, commit, ids, insert, query, statement, text};
use dayloom_ports::{Grant, Storage};
use dayloom_postgres::{OpenError, PostgresConfig, PostgresStore, TlsMode};

use crate::support::{Database, grants};

async fn open(database: &Database, config: PostgresConfig) -> Result<Arc<PostgresStore>, OpenError> {
    PostgresStore::open(config, grants(), fixture::topics(), database.migrations()).await
}

async fn refused(database: &Database) -> String {
    match open(database, database.config()).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_start_together_migrate_once() {
    let database = Database::new().await;
    let opening = (0..5).map(|_| database.store());
    let stores = futures::future::join_all(opening).await;
    commit(&*stores[0], [insert("a")], []).await.expect("a row is inserted");
    assert_eq!(ids(&*stores[4]).await, ["a"]);
    let applied = "SELECT count(*) FROM host_migrations WHERE owner = 'components'";
    assert_eq!(database.count(applied).await, 1);
}

#[tokio::test]
async fn migrations_only_go_forward() {
    let database = Database::new().await;
    drop(database.store().await);
    database.write_migration(
        "0002_more.sql",
        "CREATE TABLE more (id TEXT); CREATE TABLE more (id TEXT)",
    );
    assert!(refused(&database).await.contains("0002_more.sql"));
    let more = "SELECT count(*) FROM pg_class WHERE relname = 'more'";
    assert_eq!(database.count(more).await, 0, "a migration is all or nothing");
    database.write_migration("0002_more.sql", "CREATE TABLE more (id TEXT)");
    drop(database.store().await);
    assert_eq!(database.count(more).await, 1);
    database.write_migration("0002_more.sql", "CREATE TABLE other (id TEXT)");
    assert!(refused(&database).await.contains("changed"));
}

#[tokio::test]
async fn a_text_for_postgresql_takes_the_place_of_the_common_one() {
    let database = Database::new().await;
    database.write_migration("0002_more.sql", "this is no SQL");
    database.write_migration("0002_more.postgres.sql", "CREATE TABLE more (id TEXT)");
    drop(database.store().await);
    assert_eq!(database.count("SELECT count(*) FROM more").await, 0);
}

#[tokio::test]
async fn text_is_compared_by_its_bytes_whatever_the_database_says() {
    let database = Database::with("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'").await;
    let store = database.store().await;
    let words = ["b", "B", "a", "A", "_", "ä", "é", "z"];
    commit(&*store, words.map(insert), []).await.expect("rows are inserted");
    let mut by_bytes = words;
    by_bytes.sort_unstable();
    assert_eq!(ids(&*store).await, by_bytes);
    let upper = query(&*store, "SELECT max(id) FROM things WHERE id < 'a'").await;
    assert_eq!(upper, Ok(vec![vec![text("_")]]));
    // References between columns still hold.
    let part = statement("INSERT INTO parts (id, thing_id) VALUES ('p', 'ä')", []);
    assert!(commit(&*store, [part], []).await.is_ok());
}

#[tokio::test]
async fn a_database_that_can_not_keep_the_promises_is_refused() {
    let latin = Database::with("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'").await;
    assert!(refused(&latin).await.contains("UTF8"));
    let forgetful = Database::new().await;
    let name = forgetful.url().rsplit('/').next().expect("a name").to_owned();
    let sql = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    forgetful.client().await.batch_execute(&sql).await.expect("it is set");
    assert!(refused(&forgetful).await.contains("synchronous_commit"));
}

#[tokio::test]
async fn what_is_not_there_or_not_private_is_an_error() {
    let database = Database::new().await;
    let nowhere = PostgresConfig {
        tls: TlsMode::Off,
        connect_timeout_ms: 500,
        ..PostgresConfig::new("postgres://app:hunter2@127.0.0.1:1/nothing")
    };
    let error = open(&database, nowhere)
        .await
        .err()
        .expect("nobody is there")
        .to_string();
    assert!(!error.contains("hunter2"), "{error}");
    // The test's server has no certificate.
    let private = PostgresConfig::new(database.url());
    assert!(matches!(open(&database, private).await, Err(OpenError::Database(_))));
}

#[tokio::test]
async fn of_several_servers_the_one_that_takes_writes_is_used() {
    let database = Database::new().await;
    let config = PostgresConfig {
        tls: TlsMode::Off,
        ..PostgresConfig::new(database.url().replace('@', "@127.0.0.1:1,"))
    };
    let store = database.store_with(config).await;
    assert!(commit(&*store, [insert("a")], []).await.is_ok());
    assert_eq!(ids(&*store).await, ["a"]);
}

#[tokio::test]
async fn reserved_tables_are_not_granted() {
    let database = Database::new().await;
    let grant = Grant {
        tables: ["host_outbox".to_owned()].into(),
        publishes: vec![],
    };
    let grants = [("owner".into(), grant)].into();
    let opened = PostgresStore::open(database.config(), grants, fixture::topics(), database.migrations()).await;
    assert!(matches!(opened, Err(OpenError::Config(_))));
}

#[tokio::test]
async fn a_trigger_makes_an_insert_uncertain_and_the_commit_whole_all_the_same() {
    let database = Database::new().await;
    database.write_migration(
        "0002_trigger.sql",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER refuse BEFORE INSERT ON things FOR EACH ROW WHEN (NEW.id = 'no') EXECUTE FUNCTION refuse()",
    );
    let store = database.store().await;
    let expecting = |id| dayloom_ports::Statement {
        expected_changes: Some(1),
        ..insert(id)
    };
    let refused = commit(&*store, [expecting("yes"), expecting("no")], []).await;
    assert_eq!(refused, Err(dayloom_ports::StorageError::Conflict(1)));
    assert!(ids(&*store).await.is_empty());
    assert!(store.ready().await.is_ok());
}
