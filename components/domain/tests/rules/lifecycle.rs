use dayloom_domain::{NewTask, Status, TaskError};

use super::*;

#[test]
fn a_draft_with_a_title_is_a_task() {
    let made = create(r#"{"title": "  Call Ana "}"#).unwrap();
    assert_eq!(told(&made), ["task.created"]);
    assert_eq!(made.previous, None);
    assert_eq!(
        serde_json::to_value(&made.task).unwrap(),
        serde_json::json!({
            "id": "00000000-0000-0000-0000-00000000002a", "user_id": "ana", "title": "Call Ana", "description": null,
            "status": "pending", "priority": "medium", "tags": [], "category": null, "due_date": null,
            "time_zone": "UTC", "reminders": [], "recurring_rule": null, "recurring_end_date": null,
            "recurrence_from": "due_date", "parent_id": null, "sequence": 1,
            "created_at": "2026-11-21T12:00:00.000Z", "updated_at": "2026-11-21T12:00:00.000Z", "completed_at": null,
        })
    );
}

#[test]
fn a_violation_says_where_it_is() {
    for (draft, expected) in [
        (r#"{"title": " "}"#, "/title"),
        (r#"{"title": "a", "description": "\u0000"}"#, "/description"),
        (r#"{"title": "a", "tags": ["ok", ""]}"#, "/tags/1"),
        (r#"{"title": "a", "category": "two\nlines"}"#, "/category"),
        (r#"{"title": "a", "recurring_rule": "sometimes"}"#, "/recurring_rule"),
        (
            r#"{"title": "a", "recurring_end_date": "2027-01-01"}"#,
            "/recurring_end_date",
        ),
        (r#"{"title": "a", "reminders": [{}]}"#, "/reminders/0"),
    ] {
        assert_eq!(pointer(create(draft)), expected, "{draft}");
    }
    let present = task(r#"{"title": "a"}"#);
    for (change, expected) in [
        (r#"{"title": null}"#, "/title"),
        (r#"{"recurring_rule": "every 0 days"}"#, "/recurring_rule"),
        (r#"{"recurring_end_date": "2027-01-01"}"#, "/recurring_end_date"),
    ] {
        assert_eq!(pointer(patch(&present, change)), expected, "{change}");
    }
}

#[test]
fn a_due_date_that_takes_all_days_from_the_rule_is_refused() {
    // Every twelfth month from the due date's month on, and then only if it is February.
    let rule = "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2";
    let present = task(&format!(
        r#"{{"title": "a", "due_date": "2027-02-01", "recurring_rule": "{rule}"}}"#
    ));
    assert_eq!(
        pointer(patch(&present, r#"{"due_date": "2027-03-01"}"#)),
        "/recurring_rule"
    );
}

#[test]
fn a_patch_changes_what_it_mentions() {
    let before = task(r#"{"title": "a", "description": "d", "tags": ["x"], "priority": "high", "category": "c"}"#);
    let done = patch(
        &before,
        r#"{"title": "b", "description": null, "tags": null, "priority": null}"#,
    )
    .unwrap();
    assert_eq!(told(&done), ["task.updated"]);
    assert_eq!(done.previous.as_ref(), Some(&before));
    let after = done.task;
    assert_eq!(
        (
            after.title.as_str(),
            after.description.as_deref(),
            after.category.as_deref()
        ),
        ("b", None, Some("c"))
    );
    assert_eq!(
        (after.tags.len(), after.priority.as_str(), after.sequence),
        (0, "medium", 2)
    );
}

#[test]
fn a_patch_that_changes_nothing_is_no_change() {
    let before = task(r#"{"title": "a", "tags": ["x"], "due_date": "2026-12-01T10:00:00+01:00"}"#);
    for change in [
        "{}",
        r#"{"title": " a ", "tags": ["x", "x"], "due_date": "2026-12-01T09:00:00Z"}"#,
        r#"{"status": null, "description": null, "reminders": []}"#,
    ] {
        let done = patch(&before, change).unwrap();
        assert!(!done.is_change(), "{change}");
        assert_eq!((done.task, done.previous), (before.clone(), None), "{change}");
    }
}

#[test]
fn ending_the_recurrence_takes_its_end_along() {
    let before = task(r#"{"title": "a", "recurring_rule": "daily", "recurring_end_date": "2027-01-01"}"#);
    let after = patch(&before, r#"{"recurring_rule": null}"#).unwrap().task;
    assert_eq!((after.recurring_rule, after.recurring_end_date), (None, None));
}

#[test]
fn completed_at_is_set_exactly_while_completed() {
    let open = task(r#"{"title": "a"}"#);
    let by_patch = patch(&open, r#"{"status": "completed", "title": "b"}"#).unwrap();
    assert_eq!(
        told(&by_patch),
        ["task.completed"],
        "one change is one event about the task"
    );
    assert_eq!(by_patch.task.completed_at, Some(at(NOW)));

    let done = open.complete(at(NOW));
    assert_eq!(told(&done), ["task.completed"]);
    assert_eq!(
        (done.task.status, done.task.completed_at, done.task.sequence),
        (Status::Completed, Some(at(NOW)), 2)
    );

    let again = done.task.clone().complete(at("2026-11-22T12:00:00Z"));
    assert!(!again.is_change());
    assert_eq!(again.task, done.task);

    let renamed = patch(&done.task, r#"{"title": "c"}"#).unwrap();
    assert_eq!(
        (told(&renamed), renamed.task.completed_at),
        (vec!["task.updated".to_owned()], Some(at(NOW)))
    );

    let reopened = patch(&done.task, r#"{"status": "in_progress"}"#).unwrap();
    assert_eq!(
        (told(&reopened), reopened.task.completed_at),
        (vec!["task.updated".to_owned()], None)
    );

    assert_eq!(
        task(r#"{"title": "a", "status": "completed"}"#).completed_at,
        Some(at(NOW))
    );
}

#[test]
fn a_deleted_task_comes_back_as_it_was_with_a_later_version() {
    let before = task(r#"{"title": "a", "tags": ["x"]}"#);
    let deleted = before.clone().delete(at("2026-11-21T13:00:00Z"));
    assert_eq!(
        (told(&deleted), deleted.task.sequence),
        (vec!["task.deleted".to_owned()], 2)
    );
    assert_eq!(deleted.previous.as_ref(), Some(&before));

    let restored = Task::restore(deleted.task, at("2026-11-21T14:00:00Z"));
    assert_eq!(
        (told(&restored), restored.previous.clone()),
        (vec!["task.restored".to_owned()], None)
    );
    let expected = Task {
        sequence: 3,
        updated_at: at("2026-11-21T14:00:00Z"),
        ..before
    };
    assert_eq!(restored.task, expected);
}

#[test]
fn another_version_is_stale() {
    let present = task(r#"{"title": "a"}"#);
    assert_eq!(present.check_version(None), Ok(()));
    assert_eq!(present.check_version(Some(1)), Ok(()));
    assert_eq!(
        present.check_version(Some(2)),
        Err(TaskError::Stale {
            expected: 2,
            current: 1
        })
    );
}

#[test]
fn a_clock_that_went_back_does_not_make_a_task_younger() {
    let later = task(r#"{"title": "a"}"#).complete(at("2026-11-21T11:59:00Z"));
    assert_eq!(later.task.updated_at, at(NOW));
}

/// What recurrence makes is created however late it is processed.
#[test]
fn an_occurrence_may_have_reminders_that_have_passed() {
    let draft = r#"{"title": "a", "due_date": "2026-11-21", "recurring_rule": "daily",
        "reminders": [{"reminder_at": "2026-11-20T09:00:00Z"}]}"#;
    let parent_id = Some(TaskId(Uuid::from_u128(41)));
    let draft = serde_json::from_str(draft).unwrap();
    let made = Task::create(
        draft,
        NewTask {
            parent_id,
            ..new_task()
        },
        at(NOW),
        ids_from(1),
    )
    .unwrap();
    assert_eq!(told(&made), ["task.created"]);
    assert_eq!((made.task.parent_id, made.task.reminders.len()), (parent_id, 1));
}
