//! An event that comes again has no second effect; one that comes while PostgreSQL is away is handled when that is back.

use dayloom_tests::{Server, Tables, eventually, eventually_within};
use serde_json::json;
use std::time::Duration;

use crate::cluster::{Cluster, DEAD_LETTERS};

/// A sidecar leaves its consumer group while its service is not healthy; joining anew can take as long as a rebalance waits for
/// members (60 s), and its last retries are 15 s apart.
const BACK_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_count_once_and_wait_out_an_outage() {
    let cluster = Cluster::start().await;
    let ana = cluster.client().sign_up("ana").await;
    let draft = json!({ "title": "again", "due_date": "2039-05-01", "recurring_rule": "daily" });
    let task = ana.create_task(draft).await;
    let id = task["id"].as_str().expect("an id").to_owned();
    ana.complete_task(&id).await;
    let tables = cluster.tables().await;
    let successors = format!("SELECT count(*) FROM tasks WHERE parent_id = '{id}'");
    eventually("the next occurrence", || async {
        (tables.count(&successors).await == 1).then_some(())
    })
    .await;

    // The very records once more, as after a rebalance.
    let kafka = cluster.kafka();
    let records = kafka.read("task-events").await;
    let again: Vec<(&str, &str)> = records.iter().map(|record| (&*record.key, &*record.value)).collect();
    let trail = tables.count("SELECT count(*) FROM audit_logs").await;
    kafka.write("task-events", &again).await;

    // While nobody can write, a record arrives that is new.
    let last = records.last().expect("there are records");
    Server::Postgres.stop().await;
    let mut event: serde_json::Value = serde_json::from_str(&last.value).expect("an event is JSON");
    event["id"] = json!("0197f3a0-0000-7000-8000-0000000000aa");
    kafka.write("task-events", &[(&last.key, &event.to_string())]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Server::Postgres.start().await;
    let tables = cluster.tables().await;
    let new = format!(
        "SELECT count(*) FROM audit_logs WHERE event_id = '{}'",
        event["id"].as_str().expect("text")
    );
    eventually_within(BACK_WITHIN, "the event of the outage", || async {
        (tables.count(&new).await == 1).then_some(())
    })
    .await;

    // It stood behind the repeats in the same partition, so these have been handled.
    assert_eq!(tables.count("SELECT count(*) FROM audit_logs").await, trail + 1);
    assert_eq!(tables.count(&successors).await, 1);
    for topic in DEAD_LETTERS {
        assert_eq!(kafka.read(topic).await.len(), 0, "{topic}");
    }
    drop(tables);
    cluster.remove().await;
}
