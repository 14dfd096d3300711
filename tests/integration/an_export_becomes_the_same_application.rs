//! What is exported and imported into an empty directory is the same to its users.

use std::path::Path;

use dayloom_tests::{Client, Ended, Host, HostOptions, dayloom, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const LISTS: [&str; 4] = ["/tasks", "/tasks?status=completed", "/audit-logs", "/notifications"];

async fn lists(client: &Client) -> Vec<Vec<Value>> {
    let mut lists = Vec::new();
    for list in LISTS {
        lists.push(client.all(list).await);
    }
    lists
}

async fn run(command: &str, file: &Path, data: &Path) -> Ended {
    dayloom([command.as_ref(), file.as_os_str(), "--data".as_ref(), data.as_os_str()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_lists_and_the_same_password() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    for n in 0..30 {
        let draft = json!({ "title": format!("Aufgabe {n} ✓"), "tags": ["haus", format!("t{}", n % 3)], "recurring_rule": "daily",
            "due_date": "2039-05-01", "reminders": [{ "before_minutes": 30 }] });
        let task = ana.create_task(draft).await;
        let id = task["id"].as_str().expect("an id");
        match n % 3 {
            0 => drop(ana.complete_task(id).await),
            1 => assert_eq!(ana.delete(&ana.own(&format!("/tasks/{id}"))).await.status, 204),
            _ => {}
        }
    }
    let database = host.database();
    eventually("every event is delivered", || async {
        (database.owed() == 0).then_some(())
    })
    .await;
    drop(database);
    let before = lists(&ana).await;

    let folder = TempDir::new().expect("a temporary directory");
    let (file, data) = (folder.path().join("export.jsonl"), folder.path().join("data"));
    let exported = run("export", &file, &host.data()).await.succeeded();
    assert!(
        run("export", &file, &host.data())
            .await
            .refusal()
            .contains("export.jsonl"),
        "a file is never overwritten"
    );
    let imported = run("import", &file, &data).await.succeeded();
    assert_eq!(exported, imported, "rows and digest are the same");
    let refusal = run("import", &file, &data).await.refusal();
    assert!(refusal.contains("not empty"), "{refusal}");
    let refusal = run("import", &file, &host.data()).await.refusal();
    assert!(refusal.contains("in use"), "{refusal}");
    assert_eq!(host.stop().await, Some(0));

    let mut moved = Host::start_in(folder, HostOptions::default()).await;
    let client = moved.client().sign_in(&ana.user().email).await;
    assert_eq!(client.user().id, ana.user().id);
    assert_eq!(lists(&client).await, before);
    // It goes on from there: a completed task recurs, and the trail tells of it.
    let open = before[0]
        .iter()
        .find(|task| task["status"] == "pending")
        .expect("an open task");
    client.complete_task(open["id"].as_str().expect("an id")).await;
    eventually("its successor", || async {
        client
            .all("/tasks")
            .await
            .into_iter()
            .find(|task| task["parent_id"] == open["id"])
    })
    .await;
    assert_eq!(moved.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_export_leaves_nothing_behind() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    ana.create_task(json!({ "title": "original" })).await;
    let folder = TempDir::new().expect("a temporary directory");
    let (file, data) = (folder.path().join("export.jsonl"), folder.path().join("data"));
    run("export", &file, &host.data()).await.succeeded();
    assert_eq!(host.stop().await, Some(0));

    let text = std::fs::read_to_string(&file).expect("the export can be read");
    let damaged = text.replace("original", "tampered");
    assert_ne!(damaged, text);
    std::fs::write(&file, damaged).expect("it can be written");
    assert!(run("import", &file, &data).await.refusal().contains("digest"));
    std::fs::write(&file, text).expect("it can be written");
    run("import", &file, &data).await.succeeded();
}
