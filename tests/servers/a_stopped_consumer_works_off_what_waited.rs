//! Hosts without consumers take tasks as ever; a host that has them works off everything that waited, each event once.
//!
//! `DAYLOOM_BACKLOG` (2,000) chooses how many tasks wait.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use dayloom_tests::{Host, Servers, Tables, eventually, eventually_within};
use futures::{StreamExt, stream};
use serde_json::json;

/// Requests under way at a time.
const CONCURRENT: usize = 16;
/// Where the components are that the partial host lacks. It asks none of them here.
const NOBODY: &str = "http://127.0.0.1:9";
/// A task's events are taken at far more than this rate, in events per second, on the slowest machine.
const RATE_MIN: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_consumer_works_off_what_waited() {
    let tasks: u64 = std::env::var("DAYLOOM_BACKLOG").map_or(2_000, |text| text.parse().expect("a number"));
    let servers = Servers::fresh().await;
    let mut partial = servers.host();
    for (name, value) in [
        ("DAYLOOM_COMPONENTS", "auth,tasks"),
        ("DAYLOOM_APPLICATION_URL", NOBODY),
    ] {
        partial.env.push((name.to_owned(), value.to_owned()));
    }
    let mut producer = Host::start_with(partial).await;
    let ana = producer.client().sign_up("ana").await;
    let created: HashSet<String> = stream::iter(0..tasks)
        .map(|n| {
            let ana = &ana;
            async move {
                let task = ana.create_task(json!({ "title": format!("task {n}") })).await;
                task["id"].as_str().expect("an id").to_owned()
            }
        })
        .buffer_unordered(CONCURRENT)
        .collect()
        .await;
    let tables = servers.tables().await;
    eventually("everything is published", || async {
        (tables.count("SELECT count(*) FROM host_outbox").await == 0).then_some(())
    })
    .await;
    assert_eq!(
        tables.count("SELECT count(*) FROM audit_logs").await,
        0,
        "nobody keeps the trail"
    );

    let begun = Instant::now();
    let mut consumer = Host::start_with(servers.host()).await;
    let patience = Duration::from_secs(20 + tasks / RATE_MIN);
    eventually_within(patience, "everything is in the trail", || async {
        let there = tables.count("SELECT count(*) FROM audit_logs").await;
        (there >= i64::try_from(tasks).expect("it is small")).then_some(())
    })
    .await;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{tasks} events in {seconds:.1} s from the start of the host: {:.0} events per second",
        tasks as f64 / seconds
    );

    let trail = tables.rows("SELECT task_id, event_type FROM audit_logs").await;
    assert!(trail.iter().all(|row| row[1] == "com.todo.task.created"), "{trail:?}");
    let told: Vec<&String> = trail.iter().map(|row| &row[0]).collect();
    assert_eq!(told.len(), created.len(), "each once");
    assert_eq!(told.into_iter().cloned().collect::<HashSet<_>>(), created);
    for host in [&mut producer, &mut consumer] {
        assert_eq!(host.stop().await, Some(0));
    }
    drop(tables);
    servers.remove().await;
}
