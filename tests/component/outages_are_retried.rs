//! When a port is away, events come again and clients are told when to; afterwards everything has happened once.

use std::time::Duration;

use dayloom_ports::Outcome;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::ports::Fault;
use crate::rig::{Rig, completed_task, event, reminder};

/// Longer than a delivery that fails takes, and than the host's looks at its bindings are apart.
const OUTAGE: Duration = Duration::from_millis(1_500);

/// Each consumer with an event that makes it write, and what it must have written in the end.
fn consumers() -> [(&'static str, String, &'static str); 3] {
    [
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
            "notifications",
            event(1, "reminder.scheduled", &reminder()),
            "SELECT count(*) FROM reminder_timers",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_retried_until_storage_is_back() {
    let rig = Rig::new();
    for (component, event, count) in consumers() {
        let events = [event];
        rig.storage.set(component, Some(Fault::Away));
        let outcomes = rig.deliver(component, &events).await;
        assert!(matches!(outcomes[..], [Outcome::Retry(_)]), "{component}: {outcomes:?}");
        rig.storage.set(component, None);
        assert_eq!(rig.storage.count(component, count).await, 0, "{component}");
        assert_eq!(rig.deliver(component, &events).await, [Outcome::Done], "{component}");
        assert_eq!(rig.storage.count(component, count).await, 1, "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_once_the_outage_is_over() {
    let rig = Rig::new();
    for (component, event, count) in consumers() {
        let events = [event];
        rig.storage.set(component, Some(Fault::Out));
        let told = rig.deliver(component, &events);
        tokio::pin!(told);
        let early = timeout(OUTAGE, &mut told).await;
        assert!(
            early.is_err(),
            "{component}: told in the middle of the outage: {early:?}"
        );
        rig.storage.set(component, None);
        let outcomes = told.await;
        assert!(matches!(outcomes[..], [Outcome::Retry(_)]), "{component}: {outcomes:?}");
        assert_eq!(rig.deliver(component, &events).await, [Outcome::Done], "{component}");
        assert_eq!(rig.storage.count(component, count).await, 1, "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_not_made_twice() {
    let rig = Rig::new();
    for (component, event, count) in consumers() {
        let events = [event];
        rig.storage.set(component, Some(Fault::AnswersLost));
        let outcomes = rig.deliver(component, &events).await;
        assert!(matches!(outcomes[..], [Outcome::Retry(_)]), "{component}: {outcomes:?}");
        assert_eq!(
            rig.storage.count(component, count).await,
            1,
            "{component}: it was applied"
        );
        rig.storage.set(component, None);
        assert_eq!(rig.deliver(component, &events).await, [Outcome::Done], "{component}");
        assert_eq!(rig.storage.count(component, count).await, 1, "{component}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_are_retried_until_broadcast_is_back() {
    let rig = Rig::new();
    let events = [event(1, "task.completed", &completed_task())];
    rig.recorder.set_away(true);
    assert!(matches!(
        rig.deliver("realtime", &events).await[..],
        [Outcome::Retry(_)]
    ));
    rig.recorder.set_away(false);
    assert_eq!(rig.deliver("realtime", &events).await, [Outcome::Done]);
    let sent = rig.recorder.messages();
    assert_eq!(
        sent.iter()
            .map(|message| (&*message.user_id, &*message.body))
            .collect::<Vec<_>>(),
        [("u", &*events[0])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_that_is_away_keeps_no_reminder_from_being_kept() {
    let rig = Rig::new();
    let events = [event(1, "reminder.scheduled", &reminder())];
    rig.recorder.set_away(true);
    assert_eq!(
        rig.deliver("notifications", &events).await,
        [Outcome::Done],
        "the sweep will find it"
    );
    assert_eq!(
        rig.storage
            .count("notifications", "SELECT count(*) FROM reminder_timers")
            .await,
        1
    );
    assert_eq!(rig.recorder.timers(), Vec::<String>::new());
    rig.recorder.set_away(false);
    assert_eq!(rig.deliver("notifications", &events).await, [Outcome::Done]);
    assert_eq!(
        rig.recorder.timers(),
        ["0193a1b2-0000-7000-8000-00000000bbbb"],
        "a repeat makes up for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_when_to_try_again() {
    let rig = Rig::new();
    let user = rig.sign_up().await;
    let task = json!({ "title": "t" });
    let own = |rest: &str| format!("/api/{}{rest}", user.id);
    let credentials = json!({ "email": "ana@example.com", "password": "correct horse battery staple" });
    let requests: [(&str, Method, String, Option<&Value>); 7] = [
        ("tasks", Method::GET, own("/tasks"), None),
        ("tasks", Method::POST, own("/tasks"), Some(&task)),
        (
            "tasks",
            Method::GET,
            own("/tasks/0193a1b2-0000-7000-8000-00000000aaaa"),
            None,
        ),
        (
            "tasks",
            Method::DELETE,
            own("/tasks/0193a1b2-0000-7000-8000-00000000aaaa"),
            None,
        ),
        ("audit", Method::GET, own("/audit-logs"), None),
        ("notifications", Method::GET, own("/notifications"), None),
        ("auth", Method::POST, "/api/auth/sign-in".to_owned(), Some(&credentials)),
    ];
    // What a request needs of the verification keys is known by now, so that only its own storage is away.
    for component in ["tasks", "audit", "notifications"] {
        let list = match component {
            "audit" => own("/audit-logs"),
            other => own(&format!("/{other}")),
        };
        assert_eq!(
            rig.send(component, Some(&user), (Method::GET, &list), &[], None)
                .await
                .status,
            StatusCode::OK
        );
    }
    for (component, method, path, body) in &requests {
        rig.storage.set(component, Some(Fault::Away));
        let answer = rig
            .send(component, Some(&user), (method.clone(), path), &[], *body)
            .await;
        rig.storage.set(component, None);
        let what = format!("{method} {path}: {answer:?}");
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{what}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
        let seconds: u32 = answer.headers["retry-after"]
            .to_str()
            .expect("ASCII")
            .parse()
            .expect("seconds");
        assert!((1..=10).contains(&seconds), "{what}");
        assert!(
            !answer.json.to_string().contains("away"),
            "the store's own words are for the log: {what}"
        );
    }
    assert_eq!(rig.storage.count("tasks", "SELECT count(*) FROM tasks").await, 0);
    // Where nothing else is known of the caller, the keys themselves are missing: that is no 401.
    let rig = Rig::new();
    let user = rig.sign_up().await;
    rig.storage.set("auth", Some(Fault::Away));
    let path = format!("/api/{}/tasks", user.id);
    let answer = rig.send("tasks", Some(&user), (Method::GET, &path), &[], None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
}
