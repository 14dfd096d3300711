//! A reminder moves with its task's due date, and goes with its task.

use dayloom_tests::{Client, Host, epoch_ms, eventually, now_ms, rfc3339};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

async fn notifications(client: &Client, count: usize) -> Vec<Value> {
    eventually("the notification", || async {
        let all = client.all("/notifications").await;
        (all.len() >= count).then_some(all)
    })
    .await
}

fn path_of(client: &Client, task: &Value) -> String {
    client.own(&format!("/tasks/{}", task["id"].as_str().expect("an id")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_due_date_moves_it() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let (first, later) = (now_ms() + 1_500, now_ms() + 3_000);
    let draft =
        json!({ "title": "moves", "due_date": rfc3339(first + MINUTE_MS), "reminders": [{ "before_minutes": 1 }] });
    let task = ana.create_task(draft).await;
    assert_eq!(
        epoch_ms(task["reminders"][0]["reminder_at"].as_str().expect("an instant")),
        first
    );
    let moved = ana
        .patch(
            &path_of(&ana, &task),
            &json!({ "due_date": rfc3339(later + MINUTE_MS) }),
        )
        .await;
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(
        moved.json["reminders"][0]["id"], task["reminders"][0]["id"],
        "it is the same reminder"
    );

    let all = notifications(&ana, 1).await;
    let late = epoch_ms(all[0]["created_at"].as_str().expect("an instant")) - later;
    assert!((0..1_000).contains(&late), "fired {late} ms after its new time");
    assert_eq!(all.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_with_its_task() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let at = now_ms() + 2_000;
    let draft = |title: &str, at| json!({ "title": title, "reminders": [{ "reminder_at": rfc3339(at) }] });
    let deleted = ana.create_task(draft("deleted", at)).await;
    let completed = ana.create_task(draft("completed", at)).await;
    let cleared = ana.create_task(draft("cleared", at)).await;
    assert_eq!(ana.delete(&path_of(&ana, &deleted)).await.status, 204);
    ana.complete_task(completed["id"].as_str().expect("an id")).await;
    assert_eq!(
        ana.patch(&path_of(&ana, &cleared), &json!({ "reminders": [] }))
            .await
            .status,
        200
    );
    // Due after the others: once it has fired, they would have too.
    ana.create_task(draft("kept", at + 500)).await;

    let all = notifications(&ana, 1).await;
    assert_eq!(
        all.iter()
            .map(|notification| &notification["title"])
            .collect::<Vec<_>>(),
        ["kept"]
    );
    assert_eq!(host.stop().await, Some(0));
    let states = host
        .database()
        .rows("SELECT state, count(*) FROM reminder_timers GROUP BY state ORDER BY state");
    assert_eq!(states, [["cancelled", "3"], ["fired", "1"]]);
}
