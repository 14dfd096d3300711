//! Data on its way from one database to another.

use std::io::{BufReader, Read};

use dayloom_ports::conformance::fixture::{self, commit, event, ids, insert, query, statement, text};
use dayloom_ports::{Statement, Storage, Value};
use dayloom_postgres::{OpenError, PostgresStore, TransferError, TransferReport, export, import};
use dayloom_sqlite::{SqliteConfig, SqliteStore};
use tempfile::TempDir;

use crate::support::{Database, grants};

const ALL: &str = "SELECT id, n, weight, note FROM things ORDER BY id";

/// Rows with everything that is hard to write down, and enough of them for several parts.
fn rows() -> Vec<Statement> {
    let sql = "INSERT INTO things (id, n, weight, note) VALUES ($1, $2, $3, $4)";
    let hard = [
        [
            text("1"),
            Value::Integer(i64::MAX),
            Value::Real(1.0),
            text("line\nbreak \"quoted\" \\ 🦀"),
        ],
        [text("2"), Value::Integer(-1), Value::Real(0.1 + 0.2), text("")],
        [text("3"), Value::Null, Value::Null, Value::Null],
        [
            text("B"),
            Value::Integer(i64::MIN),
            Value::Real(5e-324),
            text("{\"json\":[1]}"),
        ],
        [text("ä"), Value::Integer(0), Value::Real(-1e300), text("ä")],
    ];
    let mut rows: Vec<_> = hard.into_iter().map(|row| statement(sql, row)).collect();
    rows.push(statement("INSERT INTO parts (id, thing_id) VALUES ('p', 'ä')", []));
    rows
}

async fn fill(store: &dyn Storage) {
    commit(store, rows(), [event("k")]).await.expect("rows are inserted");
    for batch in 0..3 {
        let many: Vec<_> = (0..900).map(|number| insert(&format!("{batch}-{number}"))).collect();
        commit(store, many, []).await.expect("rows are inserted");
    }
}

async fn exported(database: &Database) -> (Vec<u8>, TransferReport) {
    let mut lines = Vec::new();
    let report = export(&database.config(), &mut lines).await.expect("it is exported");
    (lines, report)
}

async fn importing(database: &Database, lines: impl Read) -> Result<TransferReport, TransferError> {
    import(&database.config(), database.migrations(), BufReader::new(lines)).await
}

fn sqlite(dir: &TempDir, database: &Database) -> SqliteConfig {
    SqliteConfig {
        grants: grants(),
        topic_map: fixture::topics(),
        ..SqliteConfig::new(dir.path().join("data"), database.migrations())
    }
}

#[tokio::test]
async fn the_same_export_comes_from_either_database_and_fits_the_other() {
    let (from, to) = (Database::new().await, Database::new().await);
    let dir = TempDir::new().expect("a temporary directory");
    let store = SqliteStore::open(sqlite(&dir, &from)).expect("it opens");
    fill(&*store).await;
    let mut lines = Vec::new();
    let report = dayloom_sqlite::export(&dir.path().join("data"), &mut lines).expect("it is exported");

    assert_eq!(importing(&to, &lines[..]).await.expect("it is imported"), report);
    assert_eq!(exported(&to).await, (lines.clone(), report.clone()));
    let copy = to.store().await;
    assert_eq!(query(&*copy, ALL).await, query(&*store, ALL).await);
    // The foreign keys are back.
    let orphan = statement("INSERT INTO parts (id, thing_id) VALUES ('q', 'nowhere')", []);
    assert_eq!(
        commit(&*copy, [orphan], []).await,
        Err(dayloom_ports::StorageError::Conflict(0))
    );

    let back = TempDir::new().expect("a temporary directory");
    let returned = dayloom_sqlite::import(&sqlite(&back, &from), &lines[..]).expect("it is imported");
    assert_eq!(returned, report);
}

/// Gives up after so many bytes, as a disk that is pulled out does.
struct Breaking<'a> {
    left: &'a [u8],
}

impl Read for Breaking<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.left.read(into)? {
            0 => Err(std::io::Error::other("gone")),
            count => Ok(count),
        }
    }
}

#[tokio::test]
async fn an_import_that_was_cut_off_goes_on_where_it_was() {
    let (from, to) = (Database::new().await, Database::new().await);
    fill(&*from.store().await).await;
    let (lines, report) = exported(&from).await;
    for part in 1..=3 {
        let left = &lines[..lines.len() * part / 4];
        assert!(matches!(
            importing(&to, Breaking { left }).await,
            Err(TransferError::Io(_))
        ));
    }
    let done = to.count("SELECT rows_done FROM host_import").await;
    assert!((1_000..2_706).contains(&done), "{done} rows are in");
    assert_eq!(to.count("SELECT count(*) FROM things").await, done - 1);
    // Nobody is served a part, and nobody puts another export on top.
    let opened = PostgresStore::open(to.config(), grants(), fixture::topics(), to.migrations()).await;
    assert!(matches!(opened, Err(OpenError::Importing)));
    assert!(matches!(
        export(&to.config(), Vec::new()).await,
        Err(TransferError::Unfinished)
    ));
    commit(&*from.store().await, [insert("new")], [])
        .await
        .expect("a row is inserted");
    let (other, _) = exported(&from).await;
    assert!(matches!(
        importing(&to, &other[..]).await,
        Err(TransferError::Unfinished)
    ));

    assert_eq!(importing(&to, &lines[..]).await.expect("it is imported"), report);
    assert_eq!(exported(&to).await.0, lines);
}

#[tokio::test]
async fn a_damaged_or_foreign_export_leaves_the_database_empty() {
    let (from, to) = (Database::new().await, Database::new().await);
    fill(&*from.store().await).await;
    let (lines, _) = exported(&from).await;
    let all = String::from_utf8(lines.clone()).expect("it is text");
    let without_last = all.trim_end().rsplit_once('\n').expect("it has lines").0.to_owned() + "\n";
    for damaged in [
        String::new(),
        "{}\n".to_owned(),
        without_last,
        all[..all.len() - 1].to_owned(),
        all.replace("\"json\\\"", "\"Json\\\""),
        all.replace("[\"p\",\"ä\"]", "[\"p\",\"nowhere\"]"),
        all.replace("[\"p\",\"ä\"]", "[\"p\"]"),
        all.replace("[\"p\",\"ä\"]", "[\"p\",2]"),
        all.replace("[\"p\",\"ä\"]", "[\"p\",\"\\u0000\"]"),
        all.replace("[\"2\",-1", "[\"1\",-1"),
        all.replace("[\"2\",-1", "[\"2\",-1.5"),
        all.replace("\"version\":1", "\"version\":2"),
        all.replace("\"things\":2705", "\"things\":2704"),
        format!("{all}more"),
    ] {
        assert_ne!(damaged, all);
        let result = importing(&to, damaged.as_bytes()).await;
        assert!(
            matches!(result, Err(TransferError::Malformed { .. })),
            "{result:?} of {} bytes",
            damaged.len()
        );
    }
    let store = to.store().await;
    assert!(ids(&*store).await.is_empty());
    commit(&*store, [insert("mine")], []).await.expect("a row is inserted");
    drop(store);
    assert!(matches!(
        importing(&to, &lines[..]).await,
        Err(TransferError::NotEmpty(_))
    ));
    to.write_migration("0002_more.sql", "CREATE TABLE more (id TEXT)");
    assert!(matches!(
        importing(&to, &lines[..]).await,
        Err(TransferError::Malformed { line: 1, .. })
    ));
    assert_eq!(to.count("SELECT count(*) FROM things").await, 1);
}

#[tokio::test]
async fn a_foreign_key_that_does_not_hold_is_found_at_the_end() {
    let (from, to) = (Database::new().await, Database::new().await);
    fill(&*from.store().await).await;
    let client = from.client().await;
    client
        .batch_execute("ALTER TABLE parts DROP CONSTRAINT parts_thing_id_fkey; DELETE FROM things WHERE id = 'ä'")
        .await
        .expect("the key is gone");
    let (lines, _) = exported(&from).await;
    assert!(matches!(
        importing(&to, &lines[..]).await,
        Err(TransferError::Malformed { .. })
    ));
    assert!(ids(&*to.store().await).await.is_empty());
}
