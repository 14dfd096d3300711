//! Whatever becomes of a request, its PostgreSQL connection goes back without a transaction on it: at no moment of a load
//! with clients that go away and an application that is killed is there a session that idles in one.

use std::sync::Arc;
use std::time::Duration;

use dayloom_tests::{PATIENCE, Tables};
use serde_json::json;
use tokio::sync::watch;

use crate::cluster::Cluster;

/// Clients that write and, now and then, do not wait for the answer.
const CLIENTS: usize = 4;
/// How long such a client waits, in milliseconds, and how long it rests: what it gave up goes on, and each of these holds a
/// connection of at most 64 that an application has.
const PATIENCE_MS: std::ops::Range<u64> = 1..60;
const REST: Duration = Duration::from_millis(60);
/// How long, and how often somebody looks.
const LOAD_FOR: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_is_left_open() {
    let mut cluster = Cluster::start().await;
    let ana = Arc::new(cluster.client().sign_up("ana").await);
    let (stop, stopped) = watch::channel(false);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let (ana, stopped) = (ana.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(n as u64);
                while !*stopped.borrow() {
                    let draft = json!({ "title": "in a hurry", "due_date": "2039-01-01", "recurring_rule": "daily" });
                    let request = ana
                        .request(reqwest::Method::POST, &ana.own("/tasks"))
                        .json(&draft)
                        .send();
                    let patience = Duration::from_millis(random.u64(PATIENCE_MS));
                    // Who gives up closes the connection in the midst of the request.
                    drop(tokio::time::timeout(patience, request).await);
                    tokio::time::sleep(REST).await;
                }
            })
        })
        .collect();
    let tables = cluster.tables().await;
    let name = cluster.servers.postgres_url().path().trim_start_matches('/').to_owned();
    let watched = tokio::spawn(async move {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND state LIKE 'idle in transaction%'"
        );
        let mut looks = 0;
        while !*stopped.borrow() {
            assert_eq!(tables.count(&sql).await, 0, "a session idles in a transaction");
            looks += 1;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        looks
    });
    tokio::time::sleep(LOAD_FOR / 2).await;
    cluster.kill_app("tasks", Duration::from_millis(100)).await;
    tokio::time::sleep(LOAD_FOR / 2).await;
    stop.send(true).expect("somebody looks");
    for client in clients {
        client.await.expect("a client ends");
    }
    let looks = tokio::time::timeout(PATIENCE, watched)
        .await
        .expect("the looks end")
        .expect("no session idled in a transaction");
    let tables = cluster.tables().await;
    let tasks = tables.count("SELECT count(*) FROM tasks").await;
    assert!(tasks > 0, "the load was no load");
    println!("{looks} looks, {tasks} tasks");
    drop(tables);
    cluster.remove().await;
}
