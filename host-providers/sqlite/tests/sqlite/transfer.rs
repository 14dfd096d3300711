//! Copies: whole, consistent, and back again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use dayloom_ports::conformance::fixture::{commit, event, ids, insert, query, statement, text};
use dayloom_ports::{JobStore, Value};
use dayloom_sqlite::{BackupError, SqliteConfig, SqliteStore, TransferError, backup, export, import};
use tempfile::TempDir;

use crate::support::{config, directory, open, write_migration};

/// Rows with everything that is hard to write down.
async fn fill(store: &SqliteStore) {
    let sql = "INSERT INTO things (id, n, weight, note) VALUES ($1, $2, $3, $4)";
    let rows = [
        [
            text("1"),
            Value::Integer(i64::MAX),
            Value::Real(1.0),
            text("line\nbreak \"quoted\" \\ 🦀 \u{0} nul"),
        ],
        [text("2"), Value::Integer(-1), Value::Real(0.1 + 0.2), text("")],
        [text("3"), Value::Null, Value::Null, Value::Null],
        [
            text("4"),
            Value::Integer(i64::MIN),
            Value::Real(5e-324),
            text("{\"json\":[1]}"),
        ],
    ];
    let mut statements: Vec<_> = rows.into_iter().map(|row| statement(sql, row)).collect();
    statements.push(statement("INSERT INTO parts (id, thing_id) VALUES ('p', '2')", []));
    commit(store, statements, [event("k")])
        .await
        .expect("rows are inserted");
}

fn exported(dir: &TempDir) -> (Vec<u8>, dayloom_sqlite::TransferReport) {
    let mut lines = Vec::new();
    let report = export(&dir.path().join("data"), &mut lines).expect("it is exported");
    (lines, report)
}

fn importing(lines: &[u8], change: impl FnOnce(&TempDir)) -> (TempDir, Result<u64, TransferError>) {
    let dir = directory();
    change(&dir);
    let result = import(&config(dir.path()), lines).map(|report| report.rows);
    (dir, result)
}

#[tokio::test]
async fn an_export_imports_to_the_same_export() {
    let (dir, store) = open();
    fill(&store).await;
    let (lines, report) = exported(&dir);
    assert_eq!(report.rows, 5);
    let (copy, result) = importing(&lines, |_| {});
    assert_eq!(result.expect("it is imported"), 5);
    let (again, report_again) = exported(&copy);
    assert_eq!(report_again, report);
    assert_eq!(again, lines);
    let all = "SELECT id, n, weight, note FROM things ORDER BY id";
    let store_again = SqliteStore::open(config(copy.path())).expect("the copy opens");
    assert_eq!(query(&*store_again, all).await, query(&*store, all).await);
}

#[tokio::test]
async fn only_an_empty_database_is_filled() {
    let (dir, store) = open();
    fill(&store).await;
    let (lines, _) = exported(&dir);
    assert!(
        matches!(import(&config(dir.path()), &lines[..]), Err(TransferError::Open(_))),
        "a host is running"
    );
    drop(store);
    assert!(matches!(
        import(&config(dir.path()), &lines[..]),
        Err(TransferError::NotEmpty(_))
    ));
    assert_eq!(exported(&dir).0, lines);
}

#[tokio::test]
async fn a_damaged_or_foreign_export_changes_nothing() {
    let (dir, store) = open();
    fill(&store).await;
    let (lines, _) = exported(&dir);
    let all = String::from_utf8(lines.clone()).expect("it is text");
    let without_last = all.trim_end().rsplit_once('\n').expect("it has lines").0.to_owned() + "\n";
    for damaged in [
        String::new(),
        "{}\n".to_owned(),
        without_last,
        all[..all.len() - 1].to_owned(),
        all.replace("\"json\\\"", "\"Json\\\""),
        all.replace("[\"p\",\"2\"]", "[\"p\",\"nowhere\"]"),
        all.replace("[\"p\",\"2\"]", "[\"p\"]"),
        all.replace("[\"p\",\"2\"]", "[\"p\",[2]]"),
        all.replace("\"version\":1", "\"version\":2"),
        all.replace("\"things\":4", "\"things\":3"),
        format!("{all}more"),
    ] {
        assert_ne!(damaged, all);
        let (dir, result) = importing(damaged.as_bytes(), |_| {});
        assert!(
            matches!(result, Err(TransferError::Malformed { .. })),
            "{result:?} of {damaged}"
        );
        let store = SqliteStore::open(config(dir.path())).expect("the store opens");
        assert!(ids(&*store).await.is_empty());
    }
    let other = |dir: &TempDir| write_migration(dir.path(), "0002_more.sql", "CREATE TABLE more (id TEXT)");
    assert!(matches!(
        importing(&lines, other).1,
        Err(TransferError::Malformed { line: 1, .. })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_writing_is_one_moment() {
    let (dir, store) = open();
    fill(&store).await;
    let job = dayloom_ports::Job {
        component: "owner".into(),
        name: "timer".to_owned(),
        at: 7,
        payload: "{}".to_owned(),
        attempts: 0,
    };
    store.put(job.clone()).await.expect("a timer is kept");
    let stop = Arc::new(AtomicBool::new(false));
    let (writing, until) = (store.clone(), stop.clone());
    let writer = tokio::spawn(async move {
        let mut pairs = 0;
        while !until.load(SeqCst) {
            let pair = [insert(&format!("{pairs:06}-a")), insert(&format!("{pairs:06}-b"))];
            commit(&*writing, pair, [event("k")]).await.expect("writing goes on");
            pairs += 1;
        }
        pairs
    });
    let copies: Vec<TempDir> = (0..3).map(|_| directory()).collect();
    for copy in &copies {
        let before = ids(&*store).await.len();
        let (from, to) = (dir.path().join("data"), copy.path().join("data"));
        tokio::task::spawn_blocking(move || backup(&from, &to))
            .await
            .expect("no panic")
            .expect("it is copied");
        let opened = SqliteStore::open(config(copy.path())).expect("the copy opens");
        let rows = ids(&*opened).await;
        assert!(rows.len() >= before);
        // Pairs were written together: never one without the other.
        assert_eq!(
            rows.iter().filter(|id| id.ends_with('a')).count(),
            rows.iter().filter(|id| id.ends_with('b')).count()
        );
        assert_eq!(opened.due(10, 10).await, Ok(vec![job.clone()]));
    }
    stop.store(true, SeqCst);
    assert!(writer.await.expect("no panic") > 0);
}

#[tokio::test]
async fn a_backup_never_overwrites() {
    let (dir, _store) = open();
    let (from, to) = (dir.path().join("data"), dir.path().join("copy"));
    assert_eq!(backup(&from, &to).expect("it is copied"), to.join("dayloom.db"));
    assert!(matches!(backup(&from, &to), Err(BackupError::Exists(_))));
    assert!(matches!(backup(&from, &from), Err(BackupError::Exists(_))));
    assert!(matches!(backup(&to.join("nowhere"), &to), Err(BackupError::Missing(_))));
    let elsewhere = dir.path().join("elsewhere");
    assert!(matches!(export(&elsewhere, Vec::new()), Err(TransferError::Missing(_))));
    let files: Vec<_> = std::fs::read_dir(&to).expect("a folder").collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let config = SqliteConfig {
        data_dir: to,
        ..config(dir.path())
    };
    assert!(SqliteStore::open(config).is_ok());
}
