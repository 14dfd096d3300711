use dayloom_domain::event::{CloudEvent, EventData, EventError, RawEvent, ReminderPayload};

use super::*;

#[test]
fn an_event_is_a_cloudevent_with_the_task_before_and_after() {
    let before = task(r#"{"title": "a \"quoted\" ünïcode"}"#);
    let done = patch(&before, r#"{"title": "b"}"#).unwrap();
    let body = bodies(&done).remove(0);

    let event: CloudEvent<'_, EventData<'_, Task>> = serde_json::from_str(&body).unwrap();
    assert_eq!(event.event_type, EventType::TaskUpdated);
    assert_eq!(
        (&*event.source, &*event.subject),
        ("/dayloom/tasks", "00000000-0000-0000-0000-00000000002a")
    );
    assert_eq!(event.time, at(NOW));
    assert_eq!(
        event.dataschema,
        "urn:dayloom:schema:com.todo.task.updated:1#/properties/data"
    );
    assert_eq!((event.data.sequence, event.data.user_id.as_str()), (2, "ana"));
    assert_eq!(
        (&event.data.payload, event.data.previous.as_ref()),
        (&done.task, Some(&before))
    );
    assert!(
        body.starts_with(r#"{"specversion":"1.0","id":"00000000-0000-0000-0000-0000000003e9","source":"#),
        "{body}"
    );
    assert!(body.contains(r#""datacontenttype":"application/json""#));
}

#[test]
fn the_raw_form_reads_what_was_written_without_the_task() {
    let made = create(r#"{"title": "a", "reminders": [{"reminder_at": "2026-11-22T08:00:00Z"}]}"#).unwrap();
    let bodies = bodies(&made);

    let created = RawEvent::parse(bodies[0].as_bytes()).unwrap();
    assert_eq!(created.event_type().unwrap(), EventType::TaskCreated);
    assert_eq!(
        (created.data.task_id, &*created.data.user_id, created.data.sequence),
        (made.task.id, "ana", 1)
    );
    assert_eq!(created.data.payload::<Task>().unwrap(), made.task);
    assert_eq!(created.data.previous::<Task>().unwrap(), None);
    assert!(
        matches!(created.data.user_id, std::borrow::Cow::Borrowed(_)),
        "nothing is copied"
    );

    let scheduled = RawEvent::parse(bodies[1].as_bytes()).unwrap();
    let payload: ReminderPayload = scheduled.data.payload().unwrap();
    assert_eq!(
        (payload.remind_at, payload.title.as_str()),
        (at("2026-11-22T08:00:00Z"), "a")
    );
    assert!(scheduled.data.payload::<Task>().is_err());
    assert_ne!(scheduled.data.idempotency_key, created.data.idempotency_key);
}

#[test]
fn what_is_no_event_of_ours_is_refused_without_a_panic() {
    let body = bodies(&create(r#"{"title": "a"}"#).unwrap()).remove(0);
    for (from, to) in [
        (r#""specversion":"1.0""#, r#""specversion":"0.3""#),
        (r#""sequence":1,"idem"#, r#""sequence":-1,"idem"#),
        (r#""data":"#, r#""dato":"#),
        ("2026-11-21T12:00:00.000Z", "yesterday"),
    ] {
        let broken = body.replace(from, to);
        assert_ne!(broken, body, "{from} is in the event");
        assert!(
            matches!(RawEvent::parse(broken.as_bytes()), Err(EventError::Malformed(_))),
            "{to}"
        );
    }
    assert!(RawEvent::parse(b"\xff").is_err());
    let foreign = body.replace("com.todo.task.created", "org.other.thing");
    let event = RawEvent::parse(foreign.as_bytes()).unwrap();
    assert!(matches!(event.event_type(), Err(EventError::UnknownType)));
}

#[test]
fn every_type_reads_back() {
    for event_type in EventType::ALL {
        assert_eq!(event_type.as_str().parse::<EventType>().unwrap(), *event_type);
        assert_eq!(serde_json::to_string(event_type).unwrap(), format!("\"{event_type}\""));
    }
}

/// The largest task there can be, before and after, fits the 256 KiB that an event may have.
#[test]
fn the_largest_event_fits() {
    let tags: Vec<String> = (0..20).map(|n| format!("{n:02}{}", "😀".repeat(48))).collect();
    // U+0001 is the character that takes most room in JSON: six bytes.
    let draft = serde_json::json!({
        "title": "😀".repeat(200), "description": "\u{1}".repeat(10_000), "tags": tags, "category": "😀".repeat(100),
        "due_date": "2027-01-01", "recurring_rule": format!("FREQ=DAILY{}", ";".repeat(502)),
        "reminders": (0..10).map(|n| serde_json::json!({"before_minutes": n})).collect::<Vec<_>>(),
    });
    let largest = task(&draft.to_string());
    let done = largest.complete(at(NOW));
    assert!(bodies(&done).iter().all(|body| body.len() <= 256 * 1024));
}
