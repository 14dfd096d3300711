//! A backup made while everybody writes can be started, and holds every write acknowledged before it began.

use std::collections::HashSet;
use std::sync::Mutex;

use dayloom_tests::{Client, Host, HostOptions, dayloom, eventually};
use futures::future::join_all;
use serde_json::json;
use tempfile::TempDir;

/// Clients that write before, during and after.
const WRITERS: usize = 4;
/// Writes acknowledged before the backup begins, at least.
const BEFORE_MIN: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_starts_and_nothing_acknowledged_is_missing() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let acknowledged = Mutex::new(HashSet::new());
    let copy = TempDir::new().expect("a temporary directory");
    let done = tokio::sync::Notify::new();

    let backup = async {
        eventually("some writes", || async {
            (acknowledged.lock().expect("no panic").len() >= BEFORE_MIN).then_some(())
        })
        .await;
        let before = acknowledged.lock().expect("no panic").clone();
        let (from, to) = (host.data(), copy.path().join("data"));
        dayloom(["backup".as_ref(), to.as_os_str(), "--data".as_ref(), from.as_os_str()])
            .await
            .succeeded();
        let during = acknowledged.lock().expect("no panic").len() - before.len();
        done.notify_waiters();
        (before, during)
    };
    let writing = async {
        tokio::select! {
            _ = join_all((0..WRITERS).map(|n| write(&ana, n, &acknowledged))) => {}
            () = done.notified() => {}
        }
    };
    let ((before, during), ()) = tokio::join!(backup, writing);
    println!("{} writes before the backup, {during} during it", before.len());

    let (to, from) = (copy.path().join("data"), host.data());
    let again = dayloom(["backup".as_ref(), to.as_os_str(), "--data".as_ref(), from.as_os_str()]);
    assert!(
        again.await.refusal().contains("exists already"),
        "a backup overwrites nothing"
    );

    drop(host);
    let mut restored = Host::start_in(copy, HostOptions::default()).await;
    let client = restored.client().sign_in(&ana.user().email).await;
    let there: HashSet<String> = client
        .all("/tasks")
        .await
        .iter()
        .map(|task| task["id"].to_string())
        .collect();
    let lost: Vec<_> = before.difference(&there).collect();
    assert!(lost.is_empty(), "{lost:?}");
    // The events that the copy still owes are delivered, and the token of before is still good: the secrets came along.
    let trail = eventually("the trail has every task", || async {
        let ids: HashSet<String> = restored_trail(&restored, &ana).await;
        (ids.len() >= there.len()).then_some(ids)
    })
    .await;
    assert_eq!(trail, there);
    assert_eq!(restored.stop().await, Some(0));
    assert_eq!(restored.database().rows("PRAGMA integrity_check"), [["ok"]]);
}

async fn write(client: &Client, writer: usize, acknowledged: &Mutex<HashSet<String>>) {
    for n in 0.. {
        let task = client
            .create_task(json!({ "title": format!("task {n} of {writer}") }))
            .await;
        acknowledged.lock().expect("no panic").insert(task["id"].to_string());
    }
}

async fn restored_trail(restored: &Host, ana: &Client) -> HashSet<String> {
    let trail = restored.client().as_user(ana.user().clone()).all("/audit-logs").await;
    trail.iter().map(|entry| entry["task_id"].to_string()).collect()
}
