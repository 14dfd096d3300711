//! What is no event is rejected with a reason, and its neighbours in the batch are handled.

use dayloom_ports::Outcome;
use serde_json::{Value, json};

use crate::rig::{Rig, completed_task, event, reminder};

/// Bodies that no consumer can do anything with.
fn malformed() -> Vec<String> {
    let without = |member: &str| {
        let mut event: Value = serde_json::from_str(&event(9, "task.completed", &completed_task())).expect("JSON");
        event["data"].as_object_mut().expect("an object").remove(member);
        event.to_string()
    };
    vec![
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\u{0}\u{1}".to_owned(),
        json!({ "specversion": "1.0" }).to_string(),
        without("user_id"),
        format!("{} and more", event(9, "task.completed", &completed_task())),
        "[".repeat(100_000),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_consumer_rejects_them_and_goes_on() {
    let rig = Rig::new();
    let completed = |n| event(n, "task.completed", &completed_task());
    let scheduled = |n| event(n, "reminder.scheduled", &reminder());
    for (component, first, last) in [
        ("audit", completed(1), completed(2)),
        ("recurrence", completed(1), completed(2)),
        ("notifications", scheduled(1), scheduled(2)),
        ("realtime", completed(1), completed(2)),
    ] {
        let mut batch = malformed();
        batch.insert(0, first);
        batch.push(last);
        let outcomes = rig.deliver(component, &batch).await;
        assert_eq!(outcomes.len(), batch.len());
        let [first, bad @ .., last] = &outcomes[..] else {
            panic!("{outcomes:?}")
        };
        assert_eq!((first, last), (&Outcome::Done, &Outcome::Done), "{component}");
        for (outcome, body) in bad.iter().zip(&batch[1..]) {
            let body = &body[..body.len().min(80)];
            assert!(
                matches!(outcome, Outcome::Reject(reason) if !reason.is_empty()),
                "{component}: {outcome:?} for {body}"
            );
        }
    }
    assert_eq!(rig.storage.count("audit", "SELECT count(*) FROM audit_logs").await, 2);
    assert_eq!(rig.storage.count("recurrence", "SELECT count(*) FROM tasks").await, 1);
    assert_eq!(rig.recorder.messages().len(), 2);
}
