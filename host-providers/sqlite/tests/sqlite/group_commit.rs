//! Many commits, one transaction: shared fsyncs, separate fates.

use std::sync::Arc;

use dayloom_ports::conformance::fixture::{commit, event, ids, insert, owner, query, statement};
use dayloom_ports::{Storage, StorageError, Value};
use dayloom_sqlite::{SqliteConfig, SqliteStore};
use futures::future::join_all;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::support::{PATIENCE, config, directory, open};

/// Callers at a time.
const CALLERS: usize = 200;

/// Opens a store whose metrics are read by the snapshotter.
fn open_measured(config: SqliteConfig) -> (Arc<SqliteStore>, Snapshotter) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let store = metrics::with_local_recorder(&recorder, || SqliteStore::open(config)).expect("the store opens");
    (store, snapshotter)
}

fn group_sizes(snapshotter: &Snapshotter) -> Vec<f64> {
    let metrics = snapshotter.snapshot().into_vec();
    let sizes = metrics
        .into_iter()
        .find(|(key, ..)| key.key().name() == "dayloom_storage_group_size");
    match sizes {
        Some((_, _, _, DebugValue::Histogram(sizes))) => sizes.into_iter().map(|size| size.into_inner()).collect(),
        other => panic!("no group sizes: {other:?}"),
    }
}

#[tokio::test]
async fn concurrent_commits_share_transactions() {
    let dir = directory();
    let (store, snapshotter) = open_measured(config(dir.path()));
    let all = join_all((0..CALLERS).map(|caller| {
        let store = &*store;
        async move { commit(store, [insert(&format!("{caller:03}"))], [event("k")]).await }
    }))
    .await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(ids(&*store).await.len(), CALLERS);
    let sizes = group_sizes(&snapshotter);
    assert!(
        sizes.len() < CALLERS / 2,
        "{} transactions for {CALLERS} commits",
        sizes.len()
    );
    assert!(sizes.iter().any(|&size| size > 1.0));
}

#[tokio::test]
async fn failures_in_a_group_stay_alone() {
    let (_dir, store) = open();
    commit(&*store, [insert("taken")], []).await.expect("a row is inserted");
    let old = event("k");
    commit(&*store, [], [old.clone()]).await.expect("an event is recorded");
    // All polled before the writer has taken more than a few: failures that changed nothing, that changed something,
    // that are mistakes and that come from an event, in between commits that are fine.
    let answers = join_all((0..CALLERS).map(|caller| {
        let (store, old) = (&*store, old.clone());
        let row = insert(&format!("{caller:03}"));
        async move {
            match caller % 8 {
                1 => commit(store, [insert("taken")], []).await,
                3 => commit(store, [row, insert("taken")], [event("k")]).await,
                5 => commit(store, [row, statement("SELECT nothing", [])], []).await,
                7 => commit(store, [row], [old]).await,
                _ => commit(store, [row], [event("k")]).await,
            }
        }
    }))
    .await;
    for (caller, answer) in answers.iter().enumerate() {
        match caller % 8 {
            1 => assert_eq!(*answer, Err(StorageError::Conflict(0))),
            3 | 7 => assert_eq!(*answer, Err(StorageError::Conflict(1))),
            5 => assert!(matches!(answer, Err(StorageError::Invalid(_)))),
            _ => assert!(answer.is_ok(), "{caller}: {answer:?}"),
        }
    }
    let mut expected: Vec<String> = (0..CALLERS).filter(|c| c % 2 == 0).map(|c| format!("{c:03}")).collect();
    expected.push("taken".to_owned());
    assert_eq!(ids(&*store).await, expected);
}

#[tokio::test]
async fn a_full_database_fails_the_group_and_recovers() {
    let dir = directory();
    let config = SqliteConfig {
        size_bytes_max: Some(1024 * 1024),
        ..config(dir.path())
    };
    let store = SqliteStore::open(config).expect("the store opens");
    let large = |id: String| {
        let params = [Value::Text(id), Value::Text("x".repeat(100_000))];
        statement("INSERT INTO things (id, note) VALUES ($1, $2)", params)
    };
    let mut fitted = 0;
    let failed = loop {
        match commit(&*store, [large(format!("{fitted:02}"))], [event("k")]).await {
            Ok(_) => fitted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, StorageError::Unavailable(_)), "{failed:?}");
    assert!((5..12).contains(&fitted), "{fitted} rows of 100 kB in 1 MiB");
    assert_eq!(ids(&*store).await.len(), fitted);
    commit(&*store, [statement("DELETE FROM things", [])], [])
        .await
        .expect("deleting makes room");
    commit(&*store, [large("again".to_owned())], [])
        .await
        .expect("there is room again");
    assert_eq!(store.ready().await, Ok(()));
}

#[tokio::test]
async fn an_endless_statement_is_stopped_and_its_neighbours_go_on() {
    let (_dir, store) = open();
    let endless = "INSERT INTO things (id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' || i \
                   FROM n WHERE i < 0";
    let row = |id: &'static str| {
        let store = &*store;
        async move { commit(store, [insert(id)], []).await }
    };
    let all = async {
        tokio::join!(
            row("a"),
            async { commit(&*store, [insert("b"), statement(endless, [])], []).await },
            row("c")
        )
    };
    let (before, stopped, after) = tokio::time::timeout(PATIENCE, all)
        .await
        .expect("the writer is not held for ever");
    assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
    assert!(matches!(stopped, Err(StorageError::Unavailable(_))), "{stopped:?}");
    assert_eq!(ids(&*store).await, ["a", "c"]);
}

#[tokio::test]
async fn a_caller_that_goes_away_gets_its_commit_all_the_same_or_not_at_all() {
    let (_dir, store) = open();
    for number in 0..50 {
        let (row, event) = (insert(&format!("{number:02}")), event("k"));
        let commit = store.commit(&owner(), vec![row], vec![event]).await;
        assert!(commit.is_ok());
        let abandoned = vec![insert(&format!("{number:02}-1")), insert(&format!("{number:02}-2"))];
        let component = owner();
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            _ = store.commit(&component, abandoned, vec![]) => {}
        }
    }
    let halves = "SELECT count(*) FROM things WHERE id LIKE '%-%'";
    let Ok(rows) = query(&*store, halves).await else {
        panic!("the store is readable")
    };
    assert!(
        matches!(rows[0][0], Value::Integer(count) if count % 2 == 0),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_store_that_closes_finishes_what_it_accepted() {
    let dir = directory();
    let store = SqliteStore::open(config(dir.path())).expect("the store opens");
    let answers = join_all((0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move { commit(&*store, [insert(&format!("{caller:03}"))], []).await })
    }));
    drop(store);
    let acknowledged = answers
        .await
        .into_iter()
        .filter(|answer| matches!(answer, Ok(Ok(_))))
        .count();
    let store = SqliteStore::open(config(dir.path())).expect("the lock is free again");
    assert_eq!((acknowledged, ids(&*store).await.len()), (CALLERS, CALLERS));
}
