mod calendar;
mod language;
mod laws;
mod series;

use chrono::NaiveDate;

use super::*;
use crate::{Priority, Reminder, Status, TaskId, UserId};

/// A pending task that is due and recurs.
fn task(rule: &str, due: &str, zone: &str) -> Task {
    let created = at("2020-01-01T00:00:00Z");
    Task {
        id: TaskId(uuid::Uuid::from_u128(1)),
        user_id: UserId::new("ana"),
        title: "Water the plants".to_owned(),
        description: None,
        status: Status::Pending,
        priority: Priority::Medium,
        tags: vec!["home".to_owned()],
        category: None,
        due_date: (!due.is_empty()).then(|| due.parse().unwrap()),
        time_zone: zone.parse().unwrap(),
        reminders: Vec::new(),
        recurring_rule: Some(rule.to_owned()),
        recurring_end_date: None,
        recurrence_from: RecurrenceFrom::DueDate,
        parent_id: None,
        sequence: 1,
        created_at: created,
        updated_at: created,
        completed_at: None,
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Completes a task at an instant and becomes the task that follows.
fn follow(task: &Task, completed_at: Timestamp) -> Option<Task> {
    let draft = next_occurrence(task, completed_at).unwrap()?;
    Some(Task {
        due_date: draft.due_date,
        recurring_rule: draft.recurring_rule,
        recurring_end_date: draft.recurring_end_date,
        ..task.clone()
    })
}

/// The due dates that follow `due` when every task is completed the moment it is due.
fn dues(rule: &str, due: &str, zone: &str, count: usize) -> Vec<String> {
    std::iter::successors(follow_on_time(&task(rule, due, zone)), follow_on_time)
        .take(count)
        .map(|task| task.due_date.unwrap().to_string())
        .collect()
}

fn follow_on_time(task: &Task) -> Option<Task> {
    follow(task, task.due_at().unwrap())
}
