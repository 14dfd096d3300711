//! `kill -9` at random moments under load: every acknowledged write is there, every consequence of it too, nothing twice.
//!
//! Seeded and bounded: `DAYLOOM_KILLS` (20) and `DAYLOOM_SEED` (1) choose another run; the seed fixes what the writers do
//! and when the kills come, as far as the machine's scheduling lets it.

use std::sync::Arc;
use std::time::Duration;

use dayloom_tests::load::{Listener, Writer, check_heard, check_tables, check_trail, reminders_overdue};
use dayloom_tests::{Host, eventually, now_ms};
use tokio::sync::watch;

/// Users, each with one listener; writers share them.
const USERS: usize = 3;
/// Concurrent writers, each with one request under way.
const WRITERS: usize = 9;
/// A kill comes this long after a start, at random.
const KILL_AFTER_MS: std::ops::Range<u64> = 30..700;
/// No reminder of the load is this far ahead, in milliseconds, unless it is years ahead.
const REMINDERS_AHEAD_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_loses_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (kills, seed) = (number("DAYLOOM_KILLS", 20), number("DAYLOOM_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);

    let mut host = Host::start().await;
    let mut users = Vec::new();
    for n in 0..USERS {
        users.push(Arc::new(host.client().sign_up(&format!("user{n}")).await));
    }
    let (stop_writers, writing) = watch::channel(false);
    let (stop_listeners, listening) = watch::channel(false);
    let address = host.address().to_owned();
    let listeners: Vec<_> = users
        .iter()
        .map(|user| tokio::spawn(Listener::new(&address, user.clone()).run(listening.clone())))
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(Writer::new(users[n % USERS].clone(), n, seed).run(writing.clone())))
        .collect();

    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(random.u64(KILL_AFTER_MS))).await;
        host.kill().await;
        host = host.restart().await;
    }
    // A last while without kills, so that writers settle what the last kill left open.
    tokio::time::sleep(Duration::from_millis(500)).await;

    // Writers first: whatever they write must still find its listener.
    stop_writers.send(true).expect("somebody writes");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer ends"));
    }
    println!("seed {seed}: {kills} kills, {} acknowledged writes", acknowledged.len());
    assert!(acknowledged.len() as u64 > kills, "the load was no load");

    let database = host.database();
    eventually("every reminder has fired and every event is delivered", || async {
        (reminders_overdue(&database, now_ms() + REMINDERS_AHEAD_MS).await == 0 && database.owed() == 0).then_some(())
    })
    .await;
    for user in &users {
        check_trail(user, &acknowledged).await;
    }
    stop_listeners.send(true).expect("somebody listens");
    let mut heard = Vec::new();
    for listener in listeners {
        heard.push(listener.await.expect("a listener ends"));
    }
    check_heard(&acknowledged, &heard);
    assert_eq!(heard.len(), USERS);

    assert_eq!(host.stop().await, Some(0));
    assert_eq!(database.rows("PRAGMA integrity_check"), [["ok"]]);
    check_tables(&database, &acknowledged).await;
}
