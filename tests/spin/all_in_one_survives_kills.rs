//! All of it as one application on Spin's SQLite, no server beside it: a task goes its way, and `kill -9` at random moments
//! under load loses nothing and repeats nothing.
//!
//! Seeded and bounded: `DAYLOOM_KILLS` (10) and `DAYLOOM_SEED` (1) choose another run.

use std::sync::Arc;
use std::time::Duration;

use dayloom_tests::load::{Listener, Writer, check_heard, check_tables, check_trail, reminders_overdue};
use dayloom_tests::{Client, Database, LiveStream, Seen, SpinApp, eventually_within, free_port, now_ms, root};
use reqwest::Method;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Users, each with one listener; writers share them.
const USERS: usize = 2;
/// Concurrent writers, each with one request under way.
const WRITERS: usize = 4;
/// Each rests so long after a write: deliveries are writes too, and SQLite has one writer.
const WRITER_PAUSE: Duration = Duration::from_millis(40);
/// A kill comes this long after a start, at random.
const KILL_AFTER_MS: std::ops::Range<u64> = 300..2_500;
/// No reminder of the load is this far ahead, in milliseconds, unless it is years ahead.
const REMINDERS_AHEAD_MS: i64 = 60_000;
/// What a dead instance held is free after its lease, and the sweep is due once a minute.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);
/// 32 zero bytes in base64url, for an application that nobody will use.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn start() -> SpinApp {
    let variables = [("key_encryption_key", KEY), ("access_token_seconds", "86400")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    SpinApp::start(
        &root().join("spin.toml"),
        &format!("127.0.0.1:{}", free_port()),
        variables.into(),
    )
    .await
}

/// The one line that the documentation gives: `while sleep 1; do curl -sX POST …/tick; done`.
fn clock(client: Client) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // An application that is away hears the next tick.
            drop(client.request(Method::POST, "/tick").send().await);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_goes_its_way_in_one_application() {
    let app = start().await;
    let clock = clock(app.client());
    let ana = app.client().sign_up("ana").await;
    let mut live = LiveStream::connect(&ana, None).await.expect("a stream");
    let at = now_ms() + 1_500;
    let reminders = json!([{ "reminder_at": dayloom_tests::rfc3339(at) }]);
    let draft =
        json!({ "title": "soon", "due_date": "2039-01-31", "recurring_rule": "monthly", "reminders": reminders });
    let task = ana.create_task(draft).await;
    let id = task["id"].as_str().expect("an id").to_owned();
    loop {
        match live.next().await {
            Seen::Event(event) if event["data"]["task_id"] == id.as_str() => break,
            Seen::Event(_) | Seen::Reload => {}
            Seen::Closed(code) => panic!("closed with {code:?}\n{}", app.log()),
        }
    }
    eventually_within(SETTLED_WITHIN, "the notification", || async {
        ana.all("/notifications").await.pop()
    })
    .await;
    assert!(now_ms() >= at, "the reminder was early");
    ana.complete_task(&id).await;
    let next = eventually_within(SETTLED_WITHIN, "the next occurrence", || async {
        let tasks = ana.all("/tasks").await;
        tasks.into_iter().find(|task| task["parent_id"] == id.as_str())
    })
    .await;
    assert_eq!(next["due_date"], "2039-02-28");
    eventually_within(SETTLED_WITHIN, "the trail", || async {
        let trail = ana.all("/audit-logs").await;
        let is_told = |wanted: &str| trail.iter().any(|entry| entry["event_type"] == wanted);
        (is_told("com.todo.task.completed") && is_told("com.todo.reminder.due")).then_some(())
    })
    .await;

    // Internal routes are not for clients.
    for path in ["/events/task-events", "/events", "/cron", "/job/x", "/dapr/subscribe"] {
        let answer = app.client().post(path, &json!({})).await;
        assert!([404, 405].contains(&answer.status.as_u16()), "{path}: {answer:?}");
    }
    clock.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (kills, seed) = (number("DAYLOOM_KILLS", 10), number("DAYLOOM_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);

    let mut app = start().await;
    let clock = clock(app.client());
    let mut users = Vec::new();
    for n in 0..USERS {
        users.push(Arc::new(app.client().sign_up(&format!("user{n}")).await));
    }
    let (stop_writers, writing) = watch::channel(false);
    let (stop_listeners, listening) = watch::channel(false);
    let listeners: Vec<_> = users
        .iter()
        .map(|user| tokio::spawn(Listener::of_stream(user.clone()).run(listening.clone())))
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| Writer::new(users[n % USERS].clone(), n, seed).pausing(WRITER_PAUSE))
        .map(|writer| tokio::spawn(writer.run(writing.clone())))
        .collect();

    for n in 0..kills {
        tokio::time::sleep(Duration::from_millis(random.u64(KILL_AFTER_MS))).await;
        app.kill().await;
        app = app.restart().await;
        for writer in &writers {
            assert!(!writer.is_finished(), "a writer gave up after kill {n}\n{}", app.log());
        }
    }
    // A last while without kills, so that writers settle what the last kill left open.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop_writers.send(true).expect("somebody writes");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer ends"));
    }
    println!("seed {seed}: {kills} kills, {} acknowledged writes", acknowledged.len());
    assert!(acknowledged.len() as u64 > kills, "the load was no load");

    let database = app.database();
    let begun = std::time::Instant::now();
    while reminders_overdue(&database, now_ms() + REMINDERS_AHEAD_MS).await > 0 || owed(&database) > 0 {
        assert!(
            begun.elapsed() < SETTLED_WITHIN,
            "still owed: {} deliveries, {} reminders\n{}",
            owed(&database),
            reminders_overdue(&database, now_ms() + REMINDERS_AHEAD_MS).await,
            app.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("settled after {:.1} s", begun.elapsed().as_secs_f32());
    for user in &users {
        check_trail(user, &acknowledged).await;
    }
    stop_listeners.send(true).expect("somebody listens");
    let (mut heard, mut repeats) = (Vec::new(), 0);
    for listener in listeners {
        let mut one = listener.await.expect("a listener ends");
        // Here a live message comes at least once: who redelivers an event after a fault does not know who heard of it. A
        // client drops what is not newer than what it has.
        repeats += one.repeated.len();
        one.repeated.clear();
        heard.push(one);
    }
    println!("{repeats} live messages came again");
    check_heard(&acknowledged, &heard);
    clock.abort();
    app.kill().await;
    assert_eq!(database.rows("PRAGMA integrity_check"), [["ok"]]);
    check_tables(&database, &acknowledged).await;
}

/// Events that are not published, and deliveries that are not made.
fn owed(database: &Database) -> i64 {
    database.count("SELECT (SELECT count(*) FROM host_outbox) + (SELECT count(*) FROM host_deliveries)")
}
