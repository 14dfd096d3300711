//! Lost connections, callers that go away, commits that stand in each other's way.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use dayloom_ports::conformance::fixture::{commit, event, ids, insert, owner, query, statement, text};
use dayloom_ports::{Statement, Storage, StorageError, Value};
use dayloom_postgres::PostgresConfig;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Database, eventually};

/// One connection for writing, so that who comes next gets the one that was used before.
fn narrow(database: &Database) -> PostgresConfig {
    PostgresConfig {
        write_connections: 1,
        statement_timeout_ms: 1_000,
        lock_timeout_ms: 300,
        ..database.config()
    }
}

const OPEN_TRANSACTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND state LIKE 'idle in transaction%'";

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_transaction_behind() {
    let database = Database::new().await;
    let store = database.store_with(narrow(&database)).await;
    commit(&*store, [insert("kept")], []).await.expect("a row is inserted");
    for round in 0..60_u64 {
        let id = format!("{round:02}");
        // The second statement's result decides, so the commit goes on after its first answers.
        let decide = Statement {
            expected_changes: Some(1),
            ..statement("UPDATE things SET n = n + 1 WHERE id = 'kept'", [])
        };
        let cut = commit(&*store, [insert(&id), decide], [event("k")]);
        drop(tokio::time::timeout(Duration::from_micros(round * 60), cut).await);
        // The next caller's commit is its own: it neither sees the other's transaction nor ends it.
        let next = commit(&*store, [insert(&format!("{id}-next"))], []).await;
        assert_eq!(next.map(|outcomes| outcomes[0].changed), Ok(1), "round {round}");
    }
    eventually("every transaction is over", async || {
        database.count(OPEN_TRANSACTIONS).await == 0
    })
    .await;
    // Whole or not at all: as many updates as rows and events.
    let first = query(&*store, "SELECT n - 1 FROM things WHERE id = 'kept'").await;
    let inserted = ids(&*store).await.iter().filter(|id| id.len() == 2).count();
    assert_eq!(
        first,
        Ok(vec![vec![Value::Integer(i64::try_from(inserted).expect("few"))]])
    );
    let events = database.count("SELECT count(*) FROM host_outbox").await;
    assert_eq!(usize::try_from(events), Ok(inserted));
    println!("{inserted} of 60 commits were applied though their callers had gone or nearly gone");
}

#[tokio::test]
async fn a_query_that_is_given_up_does_not_disturb_the_next() {
    let database = Database::new().await;
    let config = PostgresConfig {
        read_connections: 1,
        ..database.config()
    };
    let store = database.store_with(config).await;
    commit(
        &*store,
        (0..100).map(|n| insert(&n.to_string())).collect::<Vec<_>>(),
        [],
    )
    .await
    .expect("rows are inserted");
    let slow = "SELECT count(*) FROM things a, things b, things c, things d WHERE a.n + b.n + c.n + d.n < 0";
    for _ in 0..5 {
        let cut = tokio::time::timeout(Duration::from_millis(30), query(&*store, slow)).await;
        assert!(cut.is_err());
        let next = tokio::time::timeout(Duration::from_secs(3), query(&*store, "SELECT 7")).await;
        assert_eq!(next, Ok(Ok(vec![vec![Value::Integer(7)]])));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_have_no_more_running_than_the_pool_has_places() {
    let database = Database::new().await;
    let config = PostgresConfig {
        read_connections: 2,
        ..database.config()
    };
    let store = database.store_with(config).await;
    let rows: Vec<_> = (0..100).map(|n| insert(&n.to_string())).collect();
    commit(&*store, rows, []).await.expect("rows are inserted");
    let slow = "SELECT count(*) FROM things a, things b, things c, things d WHERE a.n + b.n + c.n + d.n < 0";
    let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                   AND query LIKE '%things a%' AND pid <> pg_backend_pid()";
    let watcher = database.client().await;
    let until = tokio::time::Instant::now() + Duration::from_secs(4);
    let callers = (0..6).map(|_| async {
        while tokio::time::Instant::now() < until {
            drop(tokio::time::timeout(Duration::from_millis(600), query(&*store, slow)).await);
        }
    });
    let watching = async {
        let mut most = 0;
        while tokio::time::Instant::now() < until {
            let row = watcher.query_one(running, &[]).await.expect("it is counted");
            most = most.max(row.get::<_, i64>(0));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        most
    };
    let (_, most) = tokio::join!(futures::future::join_all(callers), watching);
    assert!((1..=2).contains(&most), "{most} were running");
    eventually("the server was told to stop", async || {
        database.count(running).await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_connections_were_cut() {
    let database = Database::new().await;
    let store = database.store().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut unknown, mut number) = (Vec::new(), Vec::new(), 0);
                while !stop.load(SeqCst) {
                    let id = format!("{writer}-{number:05}");
                    match commit(&*store, [insert(&id)], [event(&id)]).await {
                        Ok(_) => acknowledged.push(id),
                        Err(StorageError::Unavailable(_)) => unknown.push(id),
                        Err(other) => panic!("{other}"),
                    }
                    number += 1;
                }
                (acknowledged, unknown)
            })
        })
        .collect();
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        database.cut_connections().await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.store(true, SeqCst);
    let (mut acknowledged, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for writer in writers {
        let (a, u) = writer.await.expect("only unavailable is an answer");
        acknowledged.extend(a);
        unknown.extend(u);
    }
    println!("{} acknowledged, {} unavailable", acknowledged.len(), unknown.len());
    assert!(!unknown.is_empty(), "connections were cut in the middle of something");
    let rows: Vec<_> = database
        .client()
        .await
        .query(
            "SELECT id, (SELECT count(*) FROM host_outbox WHERE key = id) FROM things",
            &[],
        )
        .await
        .expect("rows are read");
    let there: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(there.is_superset(&acknowledged), "an acknowledged row is lost");
    assert!(there.iter().all(|id| acknowledged.contains(id) || unknown.contains(id)));
    assert!(
        rows.iter().all(|row| row.get::<_, i64>(1) == 1),
        "a row without its event"
    );
    assert_eq!(
        commit(&*store, [insert("after")], [])
            .await
            .map(|outcomes| outcomes.len()),
        Ok(1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_deadlock_are_tried_again() {
    let database = Database::new().await;
    let store = database
        .store_with(PostgresConfig {
            lock_timeout_ms: 5_000,
            ..database.config()
        })
        .await;
    commit(&*store, [insert("a"), insert("b")], [])
        .await
        .expect("rows are inserted");
    let sql = "UPDATE things SET n = n + 1 WHERE id = $1";
    let crossing = (0..2).map(|turn| {
        let store = store.clone();
        async move {
            for _ in 0..10 {
                let order = if turn == 0 { ["a", "b"] } else { ["b", "a"] };
                let statements = order.map(|id| statement(sql, [text(id)]));
                commit(&*store, statements, []).await.expect("it is tried again");
            }
        }
    });
    futures::future::join_all(crossing.map(tokio::spawn)).await;
    let sums = query(&*store, "SELECT n FROM things ORDER BY id").await;
    assert_eq!(sums, Ok(vec![vec![Value::Integer(21)], vec![Value::Integer(21)]]));
}

#[tokio::test]
async fn a_row_that_is_held_for_too_long_is_unavailable() {
    let database = Database::new().await;
    let store = database.store_with(narrow(&database)).await;
    commit(&*store, [insert("a")], []).await.expect("a row is inserted");
    let holder = database.client().await;
    holder
        .batch_execute("BEGIN; UPDATE things SET n = 9 WHERE id = 'a'")
        .await
        .expect("the row is held");
    let update = || [statement("UPDATE things SET n = n + 1 WHERE id = 'a'", [])];
    let waiting = commit(&*store, update(), []).await;
    assert!(matches!(waiting, Err(StorageError::Unavailable(_))), "{waiting:?}");
    holder.batch_execute("COMMIT").await.expect("the row is free");
    assert!(commit(&*store, update(), []).await.is_ok());
    assert_eq!(
        query(&*store, "SELECT n FROM things").await,
        Ok(vec![vec![Value::Integer(10)]])
    );
}

#[tokio::test]
async fn a_statement_has_its_time() {
    let database = Database::new().await;
    let store = database.store_with(narrow(&database)).await;
    commit(
        &*store,
        (0..200).map(|n| insert(&n.to_string())).collect::<Vec<_>>(),
        [],
    )
    .await
    .expect("rows are inserted");
    let slow = "SELECT count(*) FROM things a, things b, things c, things d WHERE a.n + b.n + c.n + d.n < 0";
    let slow_query = query(&*store, slow).await;
    assert!(
        matches!(slow_query, Err(StorageError::Unavailable(_))),
        "{slow_query:?}"
    );
    let slow_commit = commit(&*store, [insert("x"), statement(slow, [])], []).await;
    assert!(
        matches!(slow_commit, Err(StorageError::Unavailable(_))),
        "{slow_commit:?}"
    );
    assert_eq!(ids(&*store).await.len(), 200);
}

#[tokio::test]
async fn a_column_that_is_added_meanwhile_is_no_failure() {
    let database = Database::new().await;
    let store = database.store().await;
    let all = "SELECT * FROM things";
    for _ in 0..3 {
        assert!(query(&*store, all).await.is_ok());
        assert!(commit(&*store, [statement(all, [])], []).await.is_ok());
    }
    let sql = "ALTER TABLE things ADD COLUMN more TEXT";
    database
        .client()
        .await
        .batch_execute(sql)
        .await
        .expect("a column is added");
    assert_eq!(query(&*store, all).await, Ok(vec![]));
    assert_eq!(
        commit(&*store, [statement(all, [])], [])
            .await
            .map(|outcomes| outcomes.len()),
        Ok(1)
    );
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_and_not_ready() {
    let database = Database::new().await;
    let store = database.store().await;
    let name = database.url().rsplit('/').next().expect("a name").to_owned();
    let server = database.client().await;
    let allow = |allowed: bool| format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}");
    // From elsewhere: a database can not close itself.
    let elsewhere = Database::new().await;
    let beside = elsewhere.client().await;
    drop(server);
    beside.batch_execute(&allow(false)).await.expect("it is closed");
    database.cut_connections().await;
    let call = store.query(&owner(), "SELECT 1", &[]).await;
    assert!(matches!(call, Err(StorageError::Unavailable(_))), "{call:?}");
    assert!(matches!(
        commit(&*store, [insert("a")], []).await,
        Err(StorageError::Unavailable(_))
    ));
    assert!(store.ready().await.is_err());
    beside.batch_execute(&allow(true)).await.expect("it is open");
    eventually("it goes on by itself", async || store.ready().await.is_ok()).await;
    assert!(commit(&*store, [insert("a")], []).await.is_ok());
}

/// Passes connections on to the server after a while; returns the port it listens on.
async fn slow_way_to(port: u16, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let own = listener.local_addr().expect("it has an address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let mut server = TcpStream::connect(("127.0.0.1", port))
                    .await
                    .expect("the server answers");
                // Ends with either of them, and how does not matter.
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    own
}

#[tokio::test]
async fn a_probe_that_gives_up_leaves_its_connections_for_the_next() {
    let database = Database::new().await;
    let config = tokio_postgres::Config::from_str(&database.url()).expect("the URL parses");
    let port = config.get_ports()[0];
    // Longer than a probe waits.
    let slow = slow_way_to(port, Duration::from_millis(1_500)).await;
    let store = database
        .store_with(PostgresConfig {
            url: database
                .url()
                .replace(&format!(":{port}/"), &format!(":{slow}/"))
                .into(),
            ..database.config()
        })
        .await;
    assert!(store.ready().await.is_err());
    eventually("it is ready", async || store.ready().await.is_ok()).await;
}
