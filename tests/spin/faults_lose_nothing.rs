//! Applications, sidecars, Kafka, PostgreSQL and Redis fail in every way at random moments under load: every acknowledged
//! write is in the tables, on the topics and in the trail, every consequence of it too, nothing twice, and whoever listened
//! heard of it.
//!
//! Seeded and bounded: `DAYLOOM_SPIN_FAULTS` (30) and `DAYLOOM_SEED` (1) choose another run; the seed fixes what the writers
//! do and which faults come in which order, and when, as far as the machine's scheduling lets it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dayloom_tests::load::{Listener, Writer, check_dead_letters, check_heard, check_tables, check_topics, check_trail};
use dayloom_tests::{Server, now_ms, redis};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::cluster::{Cluster, DEAD_LETTERS};
use crate::faults::{Fault, by_kind, plan};

/// Users, each with one listener; writers share them.
const USERS: usize = 2;
/// Concurrent writers, each with one request under way.
const WRITERS: usize = 4;
/// Each rests so long after a write: six applications and six sidecars share the machine.
const WRITER_PAUSE: Duration = Duration::from_millis(60);
/// A fault comes this long after the last one is mended, at random.
const FAULT_AFTER_MS: std::ops::Range<u64> = 100..1_500;
/// Somebody is away for so long, in milliseconds, at random.
const AWAY_MS: std::ops::Range<u64> = 0..1_000;
/// No reminder of the load is this far ahead, in milliseconds, unless it is years ahead.
const REMINDERS_AHEAD_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_lose_nothing() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (count, seed) = (number("DAYLOOM_SPIN_FAULTS", 30), number("DAYLOOM_SEED", 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let faults = plan(usize::try_from(count).expect("it is small"), &mut random);

    let mut cluster = Cluster::start().await;
    let (stop_writers, writing) = watch::channel(false);
    let (stop_listeners, listening) = watch::channel(false);
    let (mut users, mut writers, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..USERS {
        let user = Arc::new(cluster.client().sign_up(&format!("user{n}")).await);
        listeners.push(tokio::spawn(Listener::of_stream(user.clone()).run(listening.clone())));
        for writer in (n..WRITERS).step_by(USERS) {
            let writer = Writer::new(user.clone(), writer, seed).pausing(WRITER_PAUSE);
            writers.push(tokio::spawn(writer.run(writing.clone())));
        }
        users.push(user);
    }

    let begun = Instant::now();
    for (n, (fault, service)) in faults.iter().enumerate() {
        sleep(Duration::from_millis(random.u64(FAULT_AFTER_MS))).await;
        let before = Instant::now();
        suffer(&mut cluster, *fault, service, &mut random).await;
        println!(
            "{:>5.1} s  {n:>3}  {fault:?} ({service}), {} ms",
            begun.elapsed().as_secs_f32(),
            before.elapsed().as_millis()
        );
        for writer in &writers {
            assert!(!writer.is_finished(), "a writer gave up\n{}", cluster.logs());
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
    cluster.settle(now_ms() + REMINDERS_AHEAD_MS).await;
    println!("{:>5.1} s  settled", begun.elapsed().as_secs_f32());
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
    for user in &users {
        check_trail(user, &acknowledged).await;
    }
    check_heard(&acknowledged, &heard);
    assert_eq!(heard.len(), USERS);

    let tables = cluster.tables().await;
    check_tables(&tables, &acknowledged).await;
    let found = check_topics(&cluster.kafka(), &acknowledged, &tables).await;
    check_dead_letters(&cluster.kafka(), &DEAD_LETTERS).await;
    println!(
        "seed {seed}: {} faults ({}), {} acknowledged writes, {} events on topics, {} redeliveries",
        faults.len(),
        by_kind(&faults),
        acknowledged.len(),
        found.events,
        found.repeats
    );
    drop(tables);
    cluster.remove().await;
}

/// Lets it happen, and returns when everything runs again, but for what follows from it.
async fn suffer(cluster: &mut Cluster, fault: Fault, service: &str, random: &mut fastrand::Rng) {
    let away = Duration::from_millis(random.u64(AWAY_MS));
    match fault {
        Fault::AppKilled => cluster.kill_app(service, away).await,
        Fault::SidecarKilled => {
            cluster.sidecar(service).kill().await;
            sleep(away).await;
            cluster.sidecar(service).restart().await;
        }
        Fault::SidecarStopped => {
            cluster.sidecar(service).stop().await;
            sleep(away).await;
            cluster.sidecar(service).restart().await;
        }
        Fault::KafkaStopped | Fault::PostgresRestarted | Fault::RedisStopped => {
            let server = server(fault);
            server.stop().await;
            sleep(away).await;
            server.start().await;
        }
        Fault::KafkaKilled | Fault::PostgresKilled => {
            let server = server(fault);
            server.kill().await;
            sleep(away).await;
            server.start().await;
        }
        Fault::RedisFlushed => redis(["FLUSHALL"]).await,
    }
}

fn server(fault: Fault) -> Server {
    match fault {
        Fault::KafkaStopped | Fault::KafkaKilled => Server::Kafka,
        Fault::PostgresRestarted | Fault::PostgresKilled => Server::Postgres,
        _ => Server::Redis,
    }
}
