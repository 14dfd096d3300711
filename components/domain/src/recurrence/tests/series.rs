//! Counts, ends, lateness, and what the next occurrence takes over.

use super::*;

#[test]
fn a_count_is_carried_and_ends_the_series() {
    for (rule, second) in [
        ("FREQ=DAILY;COUNT=3", "FREQ=DAILY;COUNT=2"),
        ("rrule:freq=daily;interval=2;count=3", "FREQ=DAILY;INTERVAL=2;COUNT=2"),
        ("every 2 days for 3 times", "every 2 days 2 times"),
        ("every friday at 9am 3 times", "every week on friday at 09:00 2 times"),
    ] {
        let first = task(rule, "2026-11-20", "UTC");
        let next = follow_on_time(&first).unwrap();
        assert_eq!(next.recurring_rule.as_deref(), Some(second), "{rule}");
        assert_eq!(std::iter::successors(Some(first), follow_on_time).count(), 3, "{rule}");
    }
    assert_eq!(
        next_occurrence(
            &task("FREQ=DAILY;COUNT=1", "2026-11-20", "UTC"),
            at("2026-11-20T08:00:00Z")
        ),
        Ok(None)
    );
}

#[test]
fn missed_occurrences_use_up_the_count() {
    let late = task("FREQ=DAILY;COUNT=5", "2026-11-20", "UTC");
    let next = follow(&late, at("2026-11-22T08:00:00Z")).unwrap();
    assert_eq!(next.due_date.unwrap().to_string(), "2026-11-23");
    assert_eq!(next.recurring_rule.as_deref(), Some("FREQ=DAILY;COUNT=2"));
    assert_eq!(follow(&late, at("2026-11-24T08:00:00Z")), None);
}

#[test]
fn ends_are_inclusive_and_meant_in_the_zone() {
    #[rustfmt::skip]
    let cases = [
        ("FREQ=DAILY;UNTIL=20261122", "2026-11-20", "UTC", None, 2),
        ("daily until 2026-11-22", "2026-11-20", "UTC", None, 2),
        ("daily", "2026-11-20", "UTC", Some("2026-11-22"), 2),
        // 23:30 in New York is the next day in UTC, but still the 22nd where it counts.
        ("FREQ=DAILY;UNTIL=20261122", "2026-11-20T23:30:00-05:00", "America/New_York", None, 2),
        ("daily", "2026-11-20T23:30:00-05:00", "America/New_York", Some("2026-11-22"), 2),
        ("FREQ=DAILY;UNTIL=20261123T043000Z", "2026-11-20T23:30:00-05:00", "America/New_York", None, 2),
        ("FREQ=DAILY;UNTIL=20261123T042959Z", "2026-11-20T23:30:00-05:00", "America/New_York", None, 1),
        ("FREQ=DAILY;UNTIL=20261122T233000", "2026-11-20T23:30:00-05:00", "America/New_York", None, 2),
        ("daily", "2026-11-20T09:00:00Z", "UTC", Some("2026-11-21T09:00:00Z"), 1),
        ("daily", "2026-11-20", "UTC", Some("2026-11-19"), 0),
        // The earlier of two ends.
        ("FREQ=DAILY;UNTIL=20261122", "2026-11-20", "UTC", Some("2026-11-21"), 1),
    ];
    for (rule, due, zone, end, expected) in cases {
        let mut first = task(rule, due, zone);
        first.recurring_end_date = end.map(|end| end.parse().unwrap());
        let more = std::iter::successors(follow_on_time(&first), follow_on_time)
            .take(9)
            .count();
        assert_eq!(more, expected, "{rule} from {due} to {end:?} in {zone}");
    }
}

#[test]
fn completed_early_on_time_and_late() {
    #[rustfmt::skip]
    let cases = [
        // Early: not asked for the same occurrence again.
        ("every friday", "2026-11-27", "2026-11-23T10:00:00Z", "2026-12-04"),
        ("daily", "2026-11-20", "2026-11-20T10:00:00Z", "2026-11-21"),
        // Late: what was missed is not made up, and the schedule keeps its rhythm.
        ("daily", "2026-11-20", "2026-11-25T10:00:00Z", "2026-11-26"),
        ("every friday", "2026-11-20", "2026-11-30T10:00:00Z", "2026-12-04"),
        ("every 3 days", "2026-11-01", "2026-11-25T10:00:00Z", "2026-11-28"),
        ("monthly", "2026-08-31", "2026-11-25T10:00:00Z", "2026-11-30"),
        // With a time, the same day may still be ahead.
        ("daily", "2026-11-20T09:00:00Z", "2026-11-25T08:00:00Z", "2026-11-25T09:00:00.000Z"),
        ("daily", "2026-11-20T09:00:00Z", "2026-11-25T09:00:00Z", "2026-11-26T09:00:00.000Z"),
        // Far too late: the schedule starts again.
        ("every 2 days", "1990-01-01", "2026-11-25T10:00:00Z", "2026-11-27"),
        ("daily", "0001-01-01", "9998-11-25T10:00:00Z", "9998-11-26"),
    ];
    for (rule, due, completed, expected) in cases {
        let next = follow(&task(rule, due, "UTC"), at(completed)).unwrap();
        assert_eq!(
            next.due_date.unwrap().to_string(),
            expected,
            "{rule} from {due}, done {completed}"
        );
    }
}

#[test]
fn counted_from_the_completion() {
    #[rustfmt::skip]
    let cases = [
        ("every 3 days", "2026-11-20", "UTC", "2026-11-25T22:00:00Z", "2026-11-28"),
        ("every 3 days", "2026-11-20", "UTC", "2026-11-15T22:00:00Z", "2026-11-18"),
        ("monthly", "2026-11-20T09:00:00Z", "UTC", "2027-01-31T08:00:00Z", "2027-02-28T09:00:00.000Z"),
        // The day of completion is the one in the zone.
        ("daily", "2026-11-20", "Pacific/Auckland", "2026-11-20T22:00:00Z", "2026-11-22"),
        ("daily", "", "UTC", "2026-11-20T22:00:00Z", "2026-11-21"),
    ];
    for (rule, due, zone, completed, expected) in cases {
        let task = Task {
            recurrence_from: RecurrenceFrom::Completion,
            ..task(rule, due, zone)
        };
        let draft = next_occurrence(&task, at(completed)).unwrap().unwrap();
        assert_eq!(
            draft.due_date.unwrap().to_string(),
            expected,
            "{rule} from {due}, done {completed}"
        );
        assert_eq!(
            draft.recurring_rule.as_deref(),
            Some(rule),
            "from the completion there is nothing to carry"
        );
    }
    // Without a due date there is nothing else to count from.
    let next = follow(&task("weekly", "", "UTC"), at("2026-11-20T22:00:00Z")).unwrap();
    assert_eq!(next.due_date.unwrap().to_string(), "2026-11-27");
}

#[test]
fn the_next_occurrence_is_the_same_task_again() {
    let mut first = task("Every Friday", "2026-11-20", "Europe/Berlin");
    let reminder = |before_minutes, at| Reminder {
        id: crate::ReminderId(uuid::Uuid::from_u128(7)),
        before_minutes,
        reminder_at: at,
    };
    // A day before at 18:00 local; a clock change does not matter as the local time counts.
    first.reminders = vec![
        reminder(Some(60), at("2026-11-20T07:00:00Z")),
        reminder(None, at("2026-11-19T17:00:00Z")),
    ];
    let draft = next_occurrence(&first, at("2026-11-20T12:00:00Z")).unwrap().unwrap();
    assert_eq!(draft.title, first.title);
    assert_eq!(draft.tags.as_ref(), Some(&first.tags));
    assert_eq!(draft.time_zone, Some(first.time_zone));
    assert_eq!(draft.status, None);
    assert_eq!(
        draft.recurring_rule.as_deref(),
        Some("Every Friday"),
        "the user's own words stay"
    );
    assert_eq!(
        draft.reminders,
        Some(vec![
            ReminderDraft {
                before_minutes: Some(60),
                ..ReminderDraft::default()
            },
            ReminderDraft {
                reminder_at: Some(at("2026-11-26T17:00:00Z")),
                ..ReminderDraft::default()
            },
        ])
    );

    let none = Task {
        recurring_rule: None,
        ..first
    };
    assert_eq!(next_occurrence(&none, at("2026-11-20T12:00:00Z")), Ok(None));
}

#[test]
fn the_ends_of_time_are_no_place_to_fall_off() {
    let next = |due, zone, now| {
        next_occurrence(&task("daily", due, zone), at(now))
            .unwrap()
            .map(|draft| draft.due_date.unwrap())
    };
    let first = next("0001-01-01T00:00:00Z", "America/New_York", "0001-01-01T00:00:00Z").unwrap();
    assert_eq!(first.to_string(), "0001-01-02T00:00:00.000Z");
    let last = "9999-12-31T23:59:59.999Z";
    assert_eq!(next(last, "Asia/Tokyo", last), None);
    assert_eq!(next("9999-12-31", "Pacific/Auckland", last), None);
}
