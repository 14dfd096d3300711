//! How long one commit and one query take, and how many events one relay publishes.
//!
//! `DAYLOOM_TEST_POSTGRES_URL=… cargo bench -p dayloom-postgres`: one caller after the other's answer, then sixteen at a
//! time, in a database that is dropped at the end. A commit is two inserts, an update with an expected count, and two
//! events of 1 KB.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dayloom_ports::conformance::fixture::{self, owner, statement, text};
use dayloom_ports::{Event, EventPublisher, Grant, PublishError, Record, Statement, Storage};
use dayloom_postgres::{PostgresConfig, PostgresStore, TlsMode};
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ROUNDS: usize = 2_000;
const CALLERS: usize = 16;

struct Counting(AtomicUsize);

#[async_trait]
impl EventPublisher for Counting {
    async fn publish(&self, records: Vec<Record>) -> Vec<Result<(), PublishError>> {
        self.0.fetch_add(records.len(), Relaxed);
        vec![Ok(()); records.len()]
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let server = std::env::var("DAYLOOM_TEST_POSTGRES_URL").expect("DAYLOOM_TEST_POSTGRES_URL names a server");
    let name = format!("dayloom_bench_{}", Uuid::now_v7().simple());
    run_on(&server, &format!("CREATE DATABASE {name}")).await;
    let at = server.rfind('/').expect("the URL names a database");
    measure(&open(&format!("{}/{name}", &server[..at])).await).await;
    run_on(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn measure(store: &Arc<PostgresStore>) {
    commit(store, "0").await;
    latencies("commit", ROUNDS, async |_| commit(store, "0").await).await;
    latencies("commit whose result decides nothing", ROUNDS, async |_| {
        let statements = (0..3).map(|_| insert()).collect();
        store
            .commit(&owner(), statements, vec![event()])
            .await
            .expect("it is committed");
    })
    .await;
    latencies("query of one row", ROUNDS, async |_| {
        let rows = store
            .query(&owner(), "SELECT id, n FROM things WHERE id = $1", &[text("0")])
            .await;
        assert_eq!(rows.expect("it is read").len(), 1);
    })
    .await;

    let begun = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..ROUNDS / CALLERS {
                commit(&store, &caller.to_string()).await;
            }
        })
    });
    futures::future::join_all(callers).await;
    println!(
        "{CALLERS} callers: {:.0} commits a second",
        rate(ROUNDS, begun.elapsed())
    );

    let outbox = 3 * ROUNDS;
    let publisher = Arc::new(Counting(AtomicUsize::new(0)));
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let relay = {
        let (store, publisher, stop) = (store.clone(), publisher.clone(), stop.clone());
        tokio::spawn(async move { store.relay(publisher, stop).await })
    };
    while publisher.0.load(Relaxed) < outbox {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("one relay: {:.0} events a second", rate(outbox, begun.elapsed()));
    stop.cancel();
    relay.await.expect("no panic").expect("it ended as it was told");
}

async fn latencies(what: &str, rounds: usize, mut call: impl AsyncFnMut(usize)) {
    let mut took = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let begun = Instant::now();
        call(round).await;
        took.push(begun.elapsed());
    }
    took.sort();
    let percent = |percent: usize| took[(rounds * percent / 100).min(rounds - 1)].as_micros();
    println!("{what}: {} µs, 99 % within {} µs", percent(50), percent(99));
}

fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).expect("it is small")) / took.as_secs_f64()
}

fn insert() -> Statement {
    let sql = "INSERT INTO things (id, n, note) VALUES ($1, 1, $2)";
    statement(sql, [text(Uuid::now_v7().to_string()), text("x".repeat(200))])
}

fn event() -> Event {
    Event {
        body: format!("{{\"data\":\"{}\"}}", "x".repeat(1_000)),
        ..fixture::event(&Uuid::now_v7().to_string())
    }
}

async fn commit(store: &PostgresStore, id: &str) {
    let count = "INSERT INTO things (id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = things.n + 1";
    let counted = Statement {
        expected_changes: Some(1),
        ..statement(count, [text(id)])
    };
    store
        .commit(&owner(), vec![insert(), insert(), counted], vec![event(), event()])
        .await
        .expect("it is committed");
}

async fn open(url: &str) -> Arc<PostgresStore> {
    let migrations = tempfile::tempdir().expect("a temporary directory");
    let (file, sql) = fixture::MIGRATION;
    std::fs::write(migrations.path().join(file), sql).expect("a migration is written");
    let config = PostgresConfig {
        tls: TlsMode::Off,
        ..PostgresConfig::new(url)
    };
    let grant = Grant {
        tables: ["things".to_owned()].into(),
        publishes: vec!["thing.*".to_owned()],
    };
    let opened = PostgresStore::open(
        config,
        HashMap::from([(owner(), grant)]),
        fixture::topics(),
        migrations.path(),
    );
    opened.await.expect("the store opens")
}

async fn run_on(server: &str, sql: &str) {
    let config = tokio_postgres::Config::from_str(server).expect("the URL parses");
    let (client, connection) = config.connect(NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client.batch_execute(sql).await.expect("it runs");
}
