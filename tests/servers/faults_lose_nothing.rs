//! Hosts, PostgreSQL, Kafka and Redis fail in every way at random moments under load: every acknowledged write is in the
//! tables, on the topics and in the trail, every consequence of it too, nothing twice, and whoever listened on the other host
//! heard of it.
//!
//! Seeded and bounded: `DAYLOOM_FAULTS` (50) and `DAYLOOM_SEED` (1) choose another run; the seed fixes what the writers do and
//! which faults come in which order, and when, as far as the machine's scheduling lets it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dayloom_tests::load::{Listener, Writer, check_dead_letters, check_heard, check_tables, check_topics, check_trail};
use dayloom_tests::now_ms;
use tokio::sync::watch;

use crate::faults::deployment::Deployment;
use crate::faults::plan::{by_kind, plan};

/// Users, each with one listener; writers share them.
const USERS: usize = 4;
/// Concurrent writers, each with one request under way; half of them on each host.
const WRITERS: usize = 8;
/// Each rests so long after a write: servers start slowly on a machine that has nothing left.
const WRITER_PAUSE: Duration = Duration::from_millis(20);
/// A fault comes this long after the last one is mended, at random.
const FAULT_AFTER_MS: std::ops::Range<u64> = 30..700;
/// No reminder of the load is this far ahead, in milliseconds, unless it is years ahead.
const REMINDERS_AHEAD_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (count, seed) = (number("DAYLOOM_FAULTS", 50), number("DAYLOOM_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let faults = plan(usize::try_from(count).expect("it is small"), &mut random);

    let mut deployment = Deployment::start().await;
    let addresses: Vec<String> = deployment
        .hosts()
        .iter()
        .map(|host| host.address().to_owned())
        .collect();
    let (stop_writers, writing) = watch::channel(false);
    let (stop_listeners, listening) = watch::channel(false);
    let (mut users, mut writers, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..USERS {
        let (here, there) = (&addresses[n % 2], &addresses[(n + 1) % 2]);
        let user = Arc::new(dayloom_tests::Client::new(here).sign_up(&format!("user{n}")).await);
        listeners.push(tokio::spawn(Listener::new(there, user.clone()).run(listening.clone())));
        for writer in (n..WRITERS).step_by(USERS) {
            let writer = Writer::new(user.clone(), writer, seed).pausing(WRITER_PAUSE);
            writers.push(tokio::spawn(writer.run(writing.clone())));
        }
        users.push(user);
    }

    let begun = Instant::now();
    for (n, fault) in faults.iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(random.u64(FAULT_AFTER_MS))).await;
        let before = Instant::now();
        deployment.suffer(*fault, &mut random).await;
        println!(
            "{:>5.1} s  {n:>3}  {fault:?}, {} ms",
            begun.elapsed().as_secs_f32(),
            before.elapsed().as_millis()
        );
        for writer in &writers {
            assert!(!writer.is_finished(), "a writer gave up");
        }
    }

    // Writers first: whatever they write must still find its listener.
    stop_writers.send(true).expect("somebody writes");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer ends"));
    }
    assert!(acknowledged.len() > faults.len(), "the load was no load");
    println!(
        "{:>5.1} s  {} writes; settling",
        begun.elapsed().as_secs_f32(),
        acknowledged.len()
    );
    deployment.settle(now_ms() + REMINDERS_AHEAD_MS).await;
    println!("{:>5.1} s  settled", begun.elapsed().as_secs_f32());
    stop_listeners.send(true).expect("somebody listens");
    let mut heard = Vec::new();
    for listener in listeners {
        heard.push(listener.await.expect("a listener ends"));
    }
    for user in &users {
        check_trail(user, &acknowledged).await;
    }
    check_heard(&acknowledged, &heard);
    assert_eq!(heard.len(), USERS);

    let servers = deployment.stop().await;
    let tables = servers.tables().await;
    check_tables(&tables, &acknowledged).await;
    let found = check_topics(&servers.kafka(), &acknowledged, &tables).await;
    check_dead_letters(&servers.kafka(), &["dead-letters"]).await;
    let by_kind = by_kind(&faults);
    println!(
        "seed {seed}: {} faults ({by_kind}), {} acknowledged writes, {} events on topics, {} redeliveries",
        faults.len(),
        acknowledged.len(),
        found.events,
        found.repeats
    );
    drop(tables);
    servers.remove().await;
}
