//! The rules of tasks, through the public interface.

mod events;
mod lifecycle;
mod reminders;
mod schemas;
mod wire;

use dayloom_domain::event::EventType;
use dayloom_domain::{
    Change, EventId, NewTask, ReminderId, Stamp, Task, TaskDraft, TaskError, TaskId, TaskPatch, Timestamp, Transition,
    UserId,
};
use uuid::Uuid;

/// The present of most tests.
const NOW: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 1, 2, 3 … as reminder ids, from `first`.
fn ids_from(first: u128) -> impl FnMut() -> ReminderId {
    let mut next = first;
    move || {
        next += 1;
        ReminderId(Uuid::from_u128(next - 1))
    }
}

fn new_task() -> NewTask {
    NewTask {
        id: TaskId(Uuid::from_u128(42)),
        user_id: UserId::new("ana"),
        parent_id: None,
    }
}

fn create(draft: &str) -> Result<Transition, TaskError> {
    Task::create(
        serde_json::from_str::<TaskDraft>(draft).unwrap(),
        new_task(),
        at(NOW),
        ids_from(1),
    )
}

fn task(draft: &str) -> Task {
    create(draft).unwrap().task
}

fn patch(task: &Task, patch: &str) -> Result<Transition, TaskError> {
    task.clone().apply(
        serde_json::from_str::<TaskPatch>(patch).unwrap(),
        at(NOW),
        ids_from(100),
    )
}

/// Where the violation is.
fn pointer(result: Result<Transition, TaskError>) -> String {
    match result {
        Err(TaskError::Invalid(violation)) => violation.pointer.into_owned(),
        other => panic!("expected a violation, got {other:?}"),
    }
}

/// The events of a transition in short: the type's last words, and the reminder's id and time.
fn told(transition: &Transition) -> Vec<String> {
    let short = |event_type: &EventType| event_type.as_str().trim_start_matches("com.todo.").to_owned();
    transition
        .changes
        .iter()
        .map(|change| match change {
            Change::Task(event_type) => short(event_type),
            Change::Reminder(event_type, payload) => {
                format!(
                    "{} {} {}",
                    short(event_type),
                    payload.reminder_id.0.as_u128(),
                    payload.remind_at
                )
            }
        })
        .collect()
}

fn bodies(transition: &Transition) -> Vec<String> {
    let mut next = 1000;
    let new_id = || {
        next += 1;
        EventId(Uuid::from_u128(next))
    };
    let stamp = Stamp {
        source: "/dayloom/tasks",
        correlation_id: "request-1",
    };
    transition
        .events(stamp, new_id)
        .into_iter()
        .map(|event| event.body)
        .collect()
}
