//! However often the completion of a recurring task is delivered, there is exactly one next occurrence.

use std::time::{Duration, Instant};

use dayloom_tests::{Client, Host, eventually};
use serde_json::{Value, json};

/// The next occurrence must be there within this of the host's being ready again.
const WITHIN: Duration = Duration::from_secs(1);

async fn successors(client: &Client, parent: &str) -> Vec<Value> {
    client
        .all("/tasks")
        .await
        .into_iter()
        .filter(|task| task["parent_id"] == parent)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_deliveries_and_kills_in_between_make_one_occurrence() {
    let mut host = Host::start().await;
    let client = host.client().sign_up("ana").await;
    let task = client
        .create_task(json!({ "title": "Water the plants", "due_date": "2039-01-31", "recurring_rule": "monthly" }))
        .await;
    let id = task["id"].as_str().expect("an id").to_owned();
    client.complete_task(&id).await;
    host.kill().await;

    for delivery in 1..=5 {
        host = host.restart().await;
        let begun = Instant::now();
        let next = eventually("the next occurrence", || async { successors(&client, &id).await.pop() }).await;
        assert!(begun.elapsed() < WITHIN, "delivery {delivery}: {:?}", begun.elapsed());
        assert_eq!(next["due_date"], "2039-02-28");
        // The log's word that it was delivered is taken back, so that it comes again.
        host.kill().await;
        let rewound = host
            .database()
            .execute("UPDATE host_cursors SET position = 0 WHERE subscriber = 'recurrence'");
        assert!(rewound > 0, "there is a cursor to rewind");
    }

    host = host.restart().await;
    // A later completion is handled after the repeats, on the same lanes: once its successor is there, they have been.
    for n in 0..8 {
        let other = client
            .create_task(json!({ "title": format!("other {n}"), "due_date": "2039-05-01", "recurring_rule": "daily" }))
            .await;
        let other = other["id"].as_str().expect("an id").to_owned();
        client.complete_task(&other).await;
        eventually("the other's successor", || async {
            successors(&client, &other).await.pop()
        })
        .await;
    }
    assert_eq!(successors(&client, &id).await.len(), 1);
    let created: Vec<_> = client.all("/audit-logs?type=com.todo.task.created").await;
    let told = created
        .iter()
        .filter(|entry| entry["payload"]["parent_id"] == id.as_str())
        .count();
    assert_eq!(told, 1, "the occurrence is told of once");
    assert_eq!(host.stop().await, Some(0));
}
