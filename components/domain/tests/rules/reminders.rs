use super::*;

/// Due at 18:00 UTC with a reminder an hour before (id 1) and one at a fixed time (id 2).
fn reminded() -> Task {
    task(
        r#"{"title": "a", "due_date": "2026-11-22T18:00:00Z",
            "reminders": [{"before_minutes": 60}, {"reminder_at": "2026-11-22T08:00:00+01:00"}]}"#,
    )
}

const HOUR_BEFORE: &str = "1 2026-11-22T17:00:00.000Z";
const FIXED: &str = "2 2026-11-22T07:00:00.000Z";

#[test]
fn reminders_to_come_are_scheduled_with_the_task() {
    let made = create(
        r#"{"title": "a", "due_date": "2026-11-22", "time_zone": "Europe/Berlin",
            "reminders": [{"before_minutes": 1440}, {"before_minutes": 0}, {"reminder_at": "2026-11-21T11:59:30Z"}]}"#,
    )
    .unwrap();
    // A day without a time counts from 09:00 local. The first has passed; the last was meant as "now".
    let due_morning = "reminder.scheduled 2 2026-11-22T08:00:00.000Z";
    assert_eq!(
        told(&made),
        [
            "task.created",
            due_morning,
            "reminder.scheduled 3 2026-11-21T11:59:30.000Z"
        ]
    );
    assert_eq!(
        made.task.reminders[0].reminder_at,
        at("2026-11-21T08:00:00Z"),
        "what has passed is kept"
    );
}

#[test]
fn relative_reminders_follow_the_due_date() {
    let moved = patch(&reminded(), r#"{"due_date": "2026-11-23T18:00:00Z"}"#).unwrap();
    // The other one speaks of the due date, so it is told anew as well.
    let expected = ["task.updated", "reminder.scheduled 1 2026-11-23T17:00:00.000Z"];
    assert_eq!(
        told(&moved),
        [expected[0], expected[1], &format!("reminder.scheduled {FIXED}")]
    );

    let into_the_past = patch(&reminded(), r#"{"due_date": "2026-11-21T12:30:00Z"}"#).unwrap();
    assert_eq!(
        told(&into_the_past),
        [
            "task.updated",
            &format!("reminder.scheduled {FIXED}"),
            &format!("reminder.cancelled {HOUR_BEFORE}")
        ]
    );

    let cleared = patch(&reminded(), r#"{"due_date": null}"#).unwrap();
    assert_eq!(
        told(&cleared),
        [
            "task.updated",
            &format!("reminder.scheduled {FIXED}"),
            &format!("reminder.cancelled {HOUR_BEFORE}")
        ]
    );
    assert_eq!(cleared.task.reminders.len(), 1);

    let day = task(r#"{"title": "a", "due_date": "2026-11-23", "reminders": [{"before_minutes": 0}]}"#);
    let elsewhere = patch(&day, r#"{"time_zone": "Asia/Tokyo"}"#).unwrap();
    assert_eq!(
        told(&elsewhere),
        ["task.updated", "reminder.scheduled 1 2026-11-23T00:00:00.000Z"]
    );
}

#[test]
fn what_a_reminder_says_is_kept_up_to_date_and_nothing_else_is_told_twice() {
    let renamed = patch(&reminded(), r#"{"title": "b"}"#).unwrap();
    let scheduled = |reminder: &str| format!("reminder.scheduled {reminder}");
    assert_eq!(
        told(&renamed),
        ["task.updated", &scheduled(HOUR_BEFORE), &scheduled(FIXED)]
    );
    assert_eq!(
        told(&patch(&reminded(), r#"{"priority": "high"}"#).unwrap()),
        ["task.updated"]
    );
}

#[test]
fn a_reminder_that_just_fired_does_not_fire_again() {
    let fired = Task {
        title: "before".to_owned(),
        ..reminded()
    };
    let now = at("2026-11-22T07:00:30Z");
    let renamed = fired
        .apply(serde_json::from_str(r#"{"title": "b"}"#).unwrap(), now, ids_from(100))
        .unwrap();
    assert_eq!(
        told(&renamed),
        ["task.updated", &format!("reminder.scheduled {HOUR_BEFORE}")]
    );
}

#[test]
fn completing_deleting_and_clearing_cancel_reopening_and_restoring_schedule() {
    let cancelled = [
        format!("reminder.cancelled {HOUR_BEFORE}"),
        format!("reminder.cancelled {FIXED}"),
    ];
    let scheduled = [
        format!("reminder.scheduled {HOUR_BEFORE}"),
        format!("reminder.scheduled {FIXED}"),
    ];

    let completed = reminded().complete(at(NOW));
    assert_eq!(told(&completed)[1..], cancelled);
    let reopened = patch(&completed.task, r#"{"status": "pending"}"#).unwrap();
    assert_eq!(told(&reopened)[1..], scheduled);
    assert_eq!(
        told(&completed.task.delete(at(NOW))),
        ["task.deleted"],
        "there was nothing left to cancel"
    );

    let deleted = reminded().delete(at(NOW));
    assert_eq!(told(&deleted)[1..], cancelled);
    assert_eq!(told(&Task::restore(deleted.task, at(NOW)))[1..], scheduled);

    assert_eq!(
        told(&patch(&reminded(), r#"{"reminders": null}"#).unwrap())[1..],
        cancelled
    );
}

#[test]
fn a_list_that_is_sent_back_keeps_its_ids() {
    let before = reminded();
    let echo = format!(
        r#"{{"reminders": {}}}"#,
        serde_json::to_string(&before.reminders).unwrap()
    );
    assert!(!patch(&before, &echo).unwrap().is_change());

    // The same without ids, in another order, with a new one and a repeat.
    let change = r#"{"reminders": [{"reminder_at": "2026-11-22T07:00:00Z"}, {"before_minutes": 60},
        {"before_minutes": 5}, {"before_minutes": 5}]}"#;
    let after = patch(&before, change).unwrap();
    let ids: Vec<_> = after
        .task
        .reminders
        .iter()
        .map(|reminder| reminder.id.0.as_u128())
        .collect();
    assert_eq!(ids, [2, 1, 100]);
    assert_eq!(
        told(&after),
        ["task.updated", "reminder.scheduled 100 2026-11-22T17:55:00.000Z"]
    );

    // By its id a reminder can be moved.
    let id = before.reminders[1].id;
    let moved = patch(
        &before,
        &format!(r#"{{"reminders": [{{"id": "{id}", "before_minutes": 30}}]}}"#),
    )
    .unwrap();
    let cancelled = format!("reminder.cancelled {HOUR_BEFORE}");
    assert_eq!(
        told(&moved),
        [
            "task.updated",
            "reminder.scheduled 2 2026-11-22T17:30:00.000Z",
            &cancelled
        ]
    );
}

#[test]
fn what_can_not_fire_is_refused() {
    let with = |reminders: &str| format!(r#"{{"title": "a", "due_date": "2026-11-22", "reminders": {reminders}}}"#);
    let minutes = |count: u32| {
        (0..count)
            .map(|n| format!(r#"{{"before_minutes": {n}}}"#))
            .collect::<Vec<_>>()
            .join(",")
    };
    for (draft, expected) in [
        (
            with(r#"[{"reminder_at": "2026-11-22T08:00:00Z"}, {"reminder_at": "2026-11-21T11:59:00Z"}]"#),
            "/reminders/1/reminder_at",
        ),
        (with(r#"[{"before_minutes": 527041}]"#), "/reminders/0/before_minutes"),
        (
            r#"{"title": "a", "reminders": [{"before_minutes": 5}]}"#.to_owned(),
            "/reminders/0/before_minutes",
        ),
        (with(&format!("[{}]", minutes(11))), "/reminders"),
    ] {
        assert_eq!(pointer(create(&draft)), expected, "{draft}");
    }
    assert_eq!(task(&with(&format!("[{}]", minutes(10)))).reminders.len(), 10);
    assert_eq!(task(&with(r#"[{"before_minutes": 527040}]"#)).reminders.len(), 1);
    let undated = patch(
        &reminded(),
        r#"{"due_date": null, "reminders": [{"before_minutes": 5}]}"#,
    );
    assert_eq!(pointer(undated), "/reminders/0/before_minutes");
}
