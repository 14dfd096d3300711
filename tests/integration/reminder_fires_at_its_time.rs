//! A reminder becomes one notification at its time, never early, on a machine that is busy: live, and in the list, where it
//! is read and deleted.

use std::collections::HashMap;

use dayloom_tests::{Client, Host, LiveSocket, Seen, epoch_ms, now_ms, rfc3339};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What is later than this is late, even on a busy machine, in milliseconds.
const LATE_MS_MAX: i64 = 1_000;
/// Reminders, and the milliseconds between two of them.
const REMINDERS: i64 = 10;
const APART_MS: i64 = 130;
/// Clients that create tasks all the while.
const BUSY_CLIENTS: usize = 4;

async fn create_tasks(client: Client, stopped: watch::Receiver<bool>) -> usize {
    let mut count = 0;
    while !*stopped.borrow() {
        client.create_task(json!({ "title": format!("busy {count}") })).await;
        count += 1;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_early_and_less_than_a_second_late_under_load() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let mut live = LiveSocket::connect(host.address(), &ana).await.expect("a connection");

    let ben = host.client().sign_up("ben").await;
    let (stop, stopped) = watch::channel(false);
    let busy: Vec<_> = (0..BUSY_CLIENTS)
        .map(|_| tokio::spawn(create_tasks(ben.clone(), stopped.clone())))
        .collect();

    let mut wanted = HashMap::new();
    for n in 0..REMINDERS {
        let at = now_ms() + 1_500 + n * APART_MS;
        let draft = json!({ "title": format!("reminder {n}"), "reminders": [{ "reminder_at": rfc3339(at) }] });
        wanted.insert(ana.create_task(draft).await["id"].to_string(), at);
    }
    for _ in 0..REMINDERS {
        let (notification, seen_at) = next_notification(&mut live).await;
        let at = wanted
            .remove(&notification["task_id"].to_string())
            .expect("one notification a reminder");
        let created_at = epoch_ms(notification["created_at"].as_str().expect("an instant"));
        for (what, moment) in [("made", created_at), ("heard of", seen_at)] {
            assert!(
                (at..at + LATE_MS_MAX).contains(&moment),
                "{what} {} ms after its time",
                moment - at
            );
        }
    }
    stop.send(true).expect("somebody works");
    for client in busy {
        assert!(client.await.expect("a client ends") > 0, "the load was no load");
    }
    list_read_delete(&ana).await;
}

/// The next notification that is told of, and when that was.
async fn next_notification(live: &mut LiveSocket) -> (Value, i64) {
    loop {
        match live.next().await {
            Seen::Event(mut event) if event["type"] == "com.todo.notification.created" => {
                return (event["data"]["payload"].take(), now_ms());
            }
            Seen::Event(_) => {}
            other => panic!("an event was expected: {other:?}"),
        }
    }
}

async fn list_read_delete(ana: &Client) {
    let all = ana.all("/notifications").await;
    assert_eq!(all.len(), REMINDERS as usize);
    assert!(
        all.iter()
            .all(|notification| notification["read_at"].is_null() && notification["kind"] == "reminder")
    );
    let path = |notification: &Value| {
        ana.own(&format!(
            "/notifications/{}",
            notification["id"].as_str().expect("an id")
        ))
    };

    let read = ana.patch(&path(&all[0]), &json!({ "read": true })).await;
    assert_eq!(read.status, 200, "{read:?}");
    assert!(read.json["read_at"].is_string());
    assert_eq!(ana.all("/notifications?unread=true").await.len(), all.len() - 1);

    assert_eq!(
        ana.post(&ana.own("/notifications/read-all"), &json!({})).await.status,
        204
    );
    assert_eq!(ana.all("/notifications?unread=true").await, Vec::<Value>::new());

    assert_eq!(ana.delete(&path(&all[1])).await.status, 204);
    assert_eq!(ana.delete(&path(&all[1])).await.status, 404);
    let left = ana.all("/notifications").await;
    assert_eq!(left.len(), all.len() - 1);
    assert!(left.iter().all(|notification| notification["id"] != all[1]["id"]));
}
