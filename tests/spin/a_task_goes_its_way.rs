//! A task is created, completed, followed by its next occurrence, reminded of and told of live, each step in a service of its
//! own with a sidecar between them; the trail has all of it. There is no scheduler: the sweep fires the reminder.

use std::time::Duration;

use dayloom_tests::{Client, DaprManifests, LiveStream, Seen, eventually, eventually_within, now_ms, rfc3339};
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// The sweep comes once a minute.
const SWEPT_WITHIN: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_goes_its_way() {
    goes_its_way(Cluster::start().await).await;
}

/// Brokers want TLS and a login, and the sidecars take it, like the key of the tokens' keys, from the cluster's secrets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_goes_its_way_with_logins_and_secrets_of_a_cluster() {
    goes_its_way(Cluster::start_with(DaprManifests::Cluster).await).await;
}

async fn goes_its_way(cluster: Cluster) {
    let ana = cluster.client().sign_up("ana").await;
    let mut live = LiveStream::connect(&ana, None)
        .await
        .unwrap_or_else(|status| panic!("no stream: {status:?}\n{}", cluster.logs()));

    let at = now_ms() + 2_000;
    let task = ana
        .create_task(json!({
            "title": "Water the plants", "due_date": "2039-01-31", "recurring_rule": "monthly",
            "reminders": [{ "reminder_at": rfc3339(at) }],
        }))
        .await;
    let id = task["id"].as_str().expect("an id").to_owned();
    hears(&mut live, "com.todo.task.created", &id).await;
    eventually("the creation in the trail", || {
        in_trail(&ana, "com.todo.task.created", &id)
    })
    .await;

    let notified = async || {
        cluster.tick().await;
        let all = ana.all("/notifications").await;
        all.into_iter()
            .find(|notification| notification["task_id"] == id.as_str())
    };
    eventually_within(SWEPT_WITHIN, "the notification of the reminder", &notified).await;
    assert!(now_ms() >= at, "the reminder was early");
    eventually("the due reminder in the trail", || {
        in_trail(&ana, "com.todo.reminder.due", &id)
    })
    .await;

    ana.complete_task(&id).await;
    hears(&mut live, "com.todo.task.completed", &id).await;
    let next = eventually("the next occurrence", || async {
        let tasks = ana.all("/tasks").await;
        tasks.into_iter().find(|task| task["parent_id"] == id.as_str())
    })
    .await;
    assert_eq!(next["due_date"], "2039-02-28");
    let next_id = next["id"].as_str().expect("an id").to_owned();
    hears(&mut live, "com.todo.task.created", &next_id).await;
    eventually("the occurrence in the trail", || {
        in_trail(&ana, "com.todo.task.created", &next_id)
    })
    .await;

    // Somebody else sees nothing of it.
    let ben = cluster.client().sign_up("ben").await;
    assert_eq!(ben.get(&ana.own("/tasks")).await.status, 403);
    drop(live);
    cluster.remove().await;
}

async fn in_trail(client: &Client, event_type: &str, task: &str) -> Option<Value> {
    let entries = client.all(&format!("/audit-logs?type={event_type}")).await;
    entries.into_iter().find(|entry| entry["task_id"] == task)
}

async fn hears(live: &mut LiveStream, event_type: &str, task: &str) {
    loop {
        match live.next().await {
            Seen::Event(event) if event["type"] == event_type && event["data"]["task_id"] == task => return,
            Seen::Event(_) | Seen::Reload => {}
            Seen::Closed(code) => panic!("closed with {code:?} before {event_type}"),
        }
    }
}
