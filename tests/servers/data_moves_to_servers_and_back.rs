//! `dayloom migrate` moves everything to PostgreSQL and back: the same rows by count and hash, and the same application.

use std::path::Path;

use dayloom_tests::{Client, Host, HostOptions, Servers, dayloom_with, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str = "DAYLOOM_VARIABLE_KEY_ENCRYPTION_KEY";

/// The servers' environment with the key that is in a data directory.
fn with_key_of(data: &Path, servers: &Servers) -> HostOptions {
    let mut options = servers.host();
    options.env.retain(|(name, _)| name != KEY);
    let file = data.join("secrets/signing.key").display().to_string();
    options.env.push((format!("{KEY}_FILE"), file));
    options
}

async fn tasks_of(user: &Client) -> Vec<Value> {
    let mut tasks = user.all("/tasks").await;
    tasks.sort_by_key(|task| task["id"].to_string());
    tasks
}

async fn trail_is_kept(user: &Client, events: usize) {
    eventually("the trail has everything", || async {
        (user.all("/audit-logs").await.len() >= events).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_moves_to_servers_and_back() {
    let servers = Servers::fresh().await;
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    for n in 0..20 {
        let draft =
            json!({ "title": format!("task {n}"), "tags": ["moved", "ünïcode"], "due_date": "2039-01-01T09:00:00Z" });
        ana.create_task(draft).await;
    }
    trail_is_kept(&ana, 20).await;
    let before = tasks_of(&ana).await;
    assert_eq!(host.stop().await, Some(0));

    let data = host.data();
    let options = with_key_of(&data, &servers);
    let migrate = |direction: &'static str, data: &Path| {
        let arguments = ["migrate", direction, "--data", &data.display().to_string()].map(str::to_owned);
        let environment = options.env.clone();
        async move { dayloom_with(arguments, &environment).await }
    };

    // An event that a subscriber has not had would be left behind.
    let behind = "UPDATE host_cursors SET position = position - 1 WHERE subscriber = 'audit' AND position = \
                  (SELECT max(position) FROM host_log)";
    assert_eq!(host.database().execute(behind), 1);
    let refused = migrate("to-servers", &data).await.refusal();
    assert!(refused.contains("1 events are not delivered yet"), "{refused}");
    host = host.restart().await;
    eventually("it is delivered", || async {
        (host.database().owed() == 0).then_some(())
    })
    .await;
    assert_eq!(host.stop().await, Some(0));

    let moved = migrate("to-servers", &data).await.succeeded();
    assert!(
        moved.contains("tasks: 20 rows") && moved.contains("the same on both sides"),
        "{moved}"
    );
    let again = migrate("to-servers", &data).await.refusal();
    assert!(again.contains("not empty"), "{again}");

    // The same people with the same tokens, tasks and trail; and it goes on.
    let mut on_servers = Host::start_with(options.clone()).await;
    let there = Client::new(on_servers.address()).as_user(ana.user().clone());
    assert_eq!(tasks_of(&there).await, before);
    there.create_task(json!({ "title": "made on servers" })).await;
    trail_is_kept(&there, 21).await;
    let after = tasks_of(&there).await;
    let kafka = servers.kafka();
    eventually("every consumer is through", || async {
        (kafka.backlog().await.owed == 0).then_some(())
    })
    .await;
    assert_eq!(on_servers.stop().await, Some(0));

    let folder = TempDir::new().expect("a temporary directory");
    let back = folder.path().join("data");
    let moved = migrate("to-embedded", &back).await.succeeded();
    assert!(
        moved.contains("tasks: 21 rows") && moved.contains("the same on both sides"),
        "{moved}"
    );
    let key = HostOptions {
        env: options
            .env
            .into_iter()
            .filter(|(name, _)| name.starts_with(KEY))
            .collect(),
        ..HostOptions::default()
    };
    let mut embedded = Host::start_in(folder, key).await;
    let here = Client::new(embedded.address()).as_user(ana.user().clone());
    assert_eq!(tasks_of(&here).await, after);
    assert_eq!(embedded.stop().await, Some(0));
    servers.remove().await;
}
