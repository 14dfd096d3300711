//! How many commits of a task's size are acknowledged per second.
//!
//! `cargo bench -p dayloom-sqlite -- [callers] [seconds]`: each caller commits again as soon as it is answered: a row of
//! 15 columns with three indexes, an idempotency row and one event of 1 KB. With `subscribers` as the third argument three
//! subscribers take the events meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dayloom_ports::{
    ComponentId, Delivery, Event, EventSink, Outcome, Statement, Storage, Subscription, TopicMap, Value,
};
use dayloom_sqlite::{Grant, SqliteConfig, SqliteStore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const MIGRATION: &str = "
    CREATE TABLE tasks (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, title TEXT NOT NULL, description TEXT, status TEXT,
        priority TEXT, category TEXT, due_date TEXT, recurring_rule TEXT, parent_id TEXT, sequence BIGINT,
        created_at BIGINT, updated_at BIGINT, completed_at BIGINT, tags TEXT);
    CREATE INDEX tasks_user ON tasks (user_id, created_at);
    CREATE INDEX tasks_due ON tasks (user_id, due_date);
    CREATE TABLE idempotency_keys (user_id TEXT, key TEXT, answer TEXT, created_at BIGINT, PRIMARY KEY (user_id, key));";

const INSERT_KEY: &str = "INSERT INTO idempotency_keys (user_id, key, answer, created_at) VALUES ($1, $2, $3, $4)";

const INSERT_TASK: &str = "INSERT INTO tasks (id, user_id, title, description, status, priority, category, due_date, recurring_rule, \
     parent_id, sequence, created_at, updated_at, completed_at, tags) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const DUE: &str = "2026-11-30T09:00:00Z";

struct Counting(AtomicU64);

#[async_trait]
impl EventSink for Counting {
    async fn deliver(&self, _: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        self.0.fetch_add(deliveries.len() as u64, Relaxed);
        vec![Outcome::Done; deliveries.len()]
    }
}

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let [callers, seconds] = [(0, 64), (1, 5)].map(|(index, default)| numbers.get(index).copied().unwrap_or(default));
    let subscribers: &[&str] = if std::env::args().any(|argument| argument == "subscribers") {
        &["a", "b", "c"]
    } else {
        &[]
    };
    let dir = tempfile::tempdir_in(".").expect("a directory on the disk that is measured");
    let store = open(dir.path(), subscribers);
    let sink = Arc::new(Counting(AtomicU64::new(0)));
    let shutdown = CancellationToken::new();
    let dispatching = tokio::spawn({
        let (store, sink, shutdown) = (store.clone(), sink.clone(), shutdown.clone());
        async move { store.dispatch(sink, shutdown).await }
    });
    let (started, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let store = store.clone();
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while Instant::now() < until {
                let (statements, events) = create(&format!("user-{caller}"));
                let asked = Instant::now();
                store
                    .commit(&"tasks".into(), statements, events)
                    .await
                    .expect("it is committed");
                waits.push(asked.elapsed());
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let at = |share: f64| waits[(waits.len() as f64 * share) as usize];
    println!(
        "{rate:.0} commits/s, {callers} callers: p50 {:?}, p99 {:?}; {:?} delivered",
        at(0.5),
        at(0.99),
        sink.0
    );
    shutdown.cancel();
    dispatching
        .await
        .expect("the dispatcher ends")
        .expect("the cursors are written");
}

fn open(dir: &std::path::Path, subscribers: &[&str]) -> Arc<SqliteStore> {
    std::fs::write(dir.join("0001_tasks.sql"), MIGRATION).expect("the migration is written");
    let tables = ["tasks", "idempotency_keys"].map(str::to_owned).into();
    let grant = Grant {
        tables,
        publishes: vec!["task.*".to_owned()],
    };
    let subscription = |component: &&str| Subscription {
        component: (*component).into(),
        topics: vec!["tasks".to_owned()],
        types: vec![],
        batch: 200,
        attempts_max: 5,
    };
    let config = SqliteConfig {
        grants: [(ComponentId::from("tasks"), grant)].into(),
        topic_map: TopicMap {
            rules: vec![("task.*".to_owned(), vec!["tasks".to_owned()])],
        },
        subscriptions: subscribers.iter().map(subscription).collect(),
        ..SqliteConfig::new(dir.join("data"), dir)
    };
    SqliteStore::open(config).expect("the store opens")
}

/// What creating a task writes.
fn create(user: &str) -> (Vec<Statement>, Vec<Event>) {
    let text = |text: &str| Value::Text(text.to_owned());
    let id = Uuid::now_v7().to_string();
    let now = Value::Integer(1_795_000_000_000);
    let statement = |sql: &str, params| Statement {
        sql: sql.to_owned(),
        params,
        expected_changes: Some(1),
    };
    let key = vec![text(user), text(&Uuid::now_v7().to_string()), text("201"), now.clone()];
    let task = vec![
        text(&id),
        text(user),
        text("Buy milk and bread on the way home"),
        text(&"A description. ".repeat(10)),
        text("pending"),
        text("medium"),
        Value::Null,
        text(DUE),
        Value::Null,
        Value::Null,
        Value::Integer(1),
        now.clone(),
        now,
        Value::Null,
        text("[\"home\",\"errands\"]"),
    ];
    let event = Event {
        id: Uuid::now_v7().to_string(),
        event_type: "task.created".to_owned(),
        key: id,
        body: "x".repeat(1_000),
    };
    (
        vec![statement(INSERT_KEY, key), statement(INSERT_TASK, task)],
        vec![event],
    )
}
