//! With subscribers held back, tasks are created as ever; let go, they work off everything they missed, each event once.

use std::collections::HashSet;

use dayloom_tests::{Host, HostOptions, eventually};
use futures::{StreamExt, stream};
use serde_json::json;

const TASKS: usize = 500;
/// Of them so many recur and are completed.
const COMPLETED: usize = 50;
/// Requests under way at a time.
const CONCURRENT: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_missed_is_worked_off_once() {
    let config = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(config.path(), "[subscriptions]\naudit = []\nrecurrence = []\n").expect("it can be written");
    let held_back = HostOptions {
        env: vec![("DAYLOOM_CONFIG".to_owned(), config.path().display().to_string())],
        ..HostOptions::default()
    };
    let mut host = Host::start_with(held_back).await;
    let ana = host.client().sign_up("ana").await;

    let created: Vec<String> = stream::iter(0..TASKS)
        .map(|n| {
            let mut draft = json!({ "title": format!("task {n}"), "due_date": "2039-05-01" });
            if n < COMPLETED {
                draft["recurring_rule"] = json!("weekly");
            }
            let ana = &ana;
            async move {
                let task = ana.create_task(draft).await;
                let id = task["id"].as_str().expect("an id").to_owned();
                if n < COMPLETED {
                    ana.complete_task(&id).await;
                }
                id
            }
        })
        .buffered(CONCURRENT)
        .collect()
        .await;
    assert_eq!(ana.all("/audit-logs").await.len(), 0, "nobody keeps the trail");
    assert_eq!(ana.all("/tasks").await.len(), TASKS, "nobody follows completions");
    assert_eq!(host.stop().await, Some(0));

    host = host.restart_with(HostOptions::default()).await;
    let database = host.database();
    eventually("everything is worked off", || async {
        (database.owed() == 0).then_some(())
    })
    .await;

    let tasks = ana.all("/tasks").await;
    let parents: HashSet<String> = tasks
        .iter()
        .filter_map(|task| task["parent_id"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(parents, created[..COMPLETED].iter().cloned().collect());
    assert_eq!(tasks.len(), TASKS + COMPLETED, "one successor each");

    let trail = ana.all("/audit-logs").await;
    let once: HashSet<_> = trail.iter().map(|entry| entry["event_id"].to_string()).collect();
    assert_eq!(once.len(), trail.len(), "nothing is in the trail twice");
    let of_type = |wanted: &str| trail.iter().filter(|entry| entry["event_type"] == wanted).count();
    assert_eq!(of_type("com.todo.task.created"), TASKS + COMPLETED);
    assert_eq!(of_type("com.todo.task.completed"), COMPLETED);
    assert_eq!(trail.len(), TASKS + 2 * COMPLETED);
    assert_eq!(database.count("SELECT count(*) FROM host_dead_letters"), 0);
}
