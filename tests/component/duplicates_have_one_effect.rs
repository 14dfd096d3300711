//! The same event again, in one batch, later, or on two instances at once, changes nothing more.

use dayloom_ports::Outcome;
use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;

use crate::rig::{Rig, completed_task, event, reminder};

/// Instances that get the same batch at the same moment: more than the host runs in the background.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn however_an_event_is_repeated() {
    let rig = Rig::new();
    for (component, event, count) in [
        (
            "audit",
            event(1, "task.completed", &completed_task()),
            "SELECT count(*) FROM audit_logs",
        ),
        (
            "recurrence",
            event(1, "task.completed", &completed_task()),
            "SELECT count(*) FROM tasks",
        ),
        (
            "recurrence",
            event(1, "task.completed", &completed_task()),
            "SELECT count(*) FROM recurrence_inbox",
        ),
        (
            "notifications",
            event(1, "reminder.scheduled", &reminder()),
            "SELECT count(*) FROM reminder_timers",
        ),
        (
            "notifications",
            event(1, "reminder.scheduled", &reminder()),
            "SELECT count(*) FROM notifications_inbox",
        ),
    ] {
        let twice = [event.clone(), event.clone()];
        assert_eq!(
            rig.deliver(component, &twice).await,
            [Outcome::Done, Outcome::Done],
            "{component}, in one batch"
        );
        assert_eq!(
            rig.deliver(component, &twice[..1]).await,
            [Outcome::Done],
            "{component}, later"
        );
        assert_eq!(rig.storage.count(component, count).await, 1, "{component}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_events_of_one_completion_on_many_instances_at_once() {
    let rig = Rig::new();
    // As if the task had been reopened and completed again: two events, one occurrence to follow.
    let batches: Vec<_> = (0..AT_ONCE)
        .map(|n| [event(1 + n % 2, "task.completed", &completed_task())])
        .collect();
    let mut left = batches;
    for _ in 0..AT_ONCE {
        let outcomes = join_all(left.iter().map(|batch| rig.deliver("recurrence", batch))).await;
        let retried = left
            .into_iter()
            .zip(outcomes)
            .filter(|(_, outcomes)| outcomes[..] != [Outcome::Done]);
        left = retried
            .map(|(batch, outcomes)| {
                assert!(
                    matches!(outcomes[..], [Outcome::Retry(_)]),
                    "only a lost race is another try: {outcomes:?}"
                );
                batch
            })
            .collect();
        if left.is_empty() {
            break;
        }
    }
    assert!(left.is_empty(), "everybody wins in the end");
    assert_eq!(rig.storage.count("recurrence", "SELECT count(*) FROM tasks").await, 1);
    assert_eq!(
        rig.storage
            .count("recurrence", "SELECT count(*) FROM recurrence_inbox")
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_is_one_task_and_one_answer() {
    let rig = Rig::new();
    let user = rig.sign_up().await;
    let (path, draft) = (format!("/api/{}/tasks", user.id), json!({ "title": "once" }));
    let headers = [("idempotency-key", "the-same")];
    let create = || rig.send("tasks", Some(&user), (Method::POST, &path), &headers, Some(&draft));
    let answers = join_all((0..AT_ONCE).map(|_| create())).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.json, answers[0].json);
    }
    assert_eq!(rig.storage.count("tasks", "SELECT count(*) FROM tasks").await, 1);
    let replayed = answers
        .iter()
        .filter(|answer| answer.headers.contains_key("idempotent-replayed"))
        .count();
    assert_eq!(replayed, AT_ONCE - 1);
}
