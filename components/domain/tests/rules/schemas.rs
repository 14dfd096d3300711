//! The schemas in the repository are those of the types, and real events adhere to them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;

use dayloom_domain::event::{
    CloudEvent, EventData, Notification, NotificationKind, RawEvent, ReminderPayload, UserEventData, UserPayload,
};
use dayloom_domain::{NotificationId, schema};
use serde_json::Value;

use super::*;

// Tests run in their package's folder.
const FOLDER: &str = "schemas";

#[test]
fn the_files_are_those_of_the_types() {
    let files: BTreeSet<String> = fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let types: BTreeSet<String> = EventType::ALL
        .iter()
        .map(|event_type| format!("{event_type}.json"))
        .collect();
    assert_eq!(files, types);
    for event_type in EventType::ALL {
        // As values, because the order of members depends on how serde_json was built.
        assert!(
            file(*event_type) == schema::of_event(*event_type),
            "{event_type} changed; run: cargo run -p dayloom-domain --features schema --example schemas"
        );
    }
}

fn file(event_type: EventType) -> Value {
    serde_json::from_str(&fs::read_to_string(format!("{FOLDER}/{event_type}.json")).unwrap()).unwrap()
}

fn errors(event_type: EventType, event: &Value) -> Vec<String> {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&file(event_type))
        .unwrap();
    validator
        .iter_errors(event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn events_about_tasks_adhere() {
    let draft = r#"{"title": "a", "due_date": "2026-11-22", "recurring_rule": "daily", "description": "d",
        "reminders": [{"before_minutes": 5}, {"reminder_at": "2026-11-22T08:00:00Z"}]}"#;
    let created = create(draft).unwrap();
    let completed = created.task.clone().complete(at(NOW));
    let deleted = created.task.clone().delete(at(NOW));
    let restored = Task::restore(deleted.task.clone(), at(NOW));
    let updated = patch(&created.task, r#"{"due_date": "2026-11-23T09:00:00Z"}"#).unwrap();

    let mut seen = BTreeSet::new();
    for body in [created, completed, deleted, restored, updated].iter().flat_map(bodies) {
        let event_type = RawEvent::parse(body.as_bytes()).unwrap().event_type().unwrap();
        assert_eq!(
            errors(event_type, &serde_json::from_str(&body).unwrap()),
            [""; 0],
            "{body}"
        );
        seen.insert(event_type.as_str());
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn events_about_notifications_and_users_adhere() {
    let user_id = UserId::new("ana");
    let event = |event_type, data: Value| {
        let event = CloudEvent::new(
            event_type,
            EventId(Uuid::from_u128(1)),
            "/dayloom/x",
            "ana",
            at(NOW),
            data,
        );
        assert_eq!(errors(event_type, &serde_json::to_value(event).unwrap()), [""; 0]);
    };
    fn about<P: serde::Serialize>(user_id: &UserId, payload: P) -> Value {
        serde_json::to_value(EventData {
            task_id: TaskId(Uuid::from_u128(1)),
            user_id: Cow::Borrowed(user_id),
            sequence: 1,
            idempotency_key: "k".into(),
            correlation_id: "c".into(),
            payload,
            previous: None,
        })
        .unwrap()
    }
    let notification = Notification {
        id: NotificationId(Uuid::from_u128(1)),
        kind: NotificationKind::Reminder,
        task_id: TaskId(Uuid::from_u128(1)),
        title: "a".to_owned(),
        body: "b".to_owned(),
        created_at: at(NOW),
        read_at: None,
    };
    event(EventType::NotificationCreated, about(&user_id, notification));
    let reminder = ReminderPayload {
        reminder_id: ReminderId(Uuid::from_u128(1)),
        remind_at: at(NOW),
        title: "a".to_owned(),
        due_date: None,
        time_zone: "Europe/Berlin".parse().unwrap(),
    };
    event(EventType::ReminderDue, about(&user_id, reminder.clone()));
    event(EventType::ReminderSent, about(&user_id, reminder));
    let user = UserPayload {
        id: Cow::Borrowed(&user_id),
        name: "Ana".into(),
        email: "ana@example.org".into(),
        created_at: at(NOW),
    };
    let data = UserEventData {
        user_id: Cow::Borrowed(&user_id),
        idempotency_key: "k".into(),
        correlation_id: "c".into(),
        payload: user,
    };
    event(EventType::UserCreated, serde_json::to_value(data).unwrap());
}

#[test]
fn the_schemas_refuse_what_is_no_such_event() {
    let body = bodies(&create(r#"{"title": "a"}"#).unwrap()).remove(0);
    let good: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        errors(EventType::TaskUpdated, &good).len(),
        2,
        "another type, and its data schema"
    );
    for (pointer, bad) in [
        ("/id", Value::from("not a uuid")),
        ("/time", Value::from("2026-11-21")),
        ("/data/payload/title", Value::from("")),
        ("/data/payload/status", Value::from("done")),
        ("/data/payload/sequence", Value::from(0)),
        ("/data/payload/due_date", Value::from("soon")),
        ("/data/payload", Value::Null),
    ] {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = bad;
        assert!(!errors(EventType::TaskCreated, &event).is_empty(), "{pointer}");
    }
}
