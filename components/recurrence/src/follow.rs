//! From a completion to the occurrence that follows it.

use dayloom_domain::event::{EventType, RawEvent};
use dayloom_domain::{Stamp, Task, TaskDraft, recurrence};
use dayloom_kit::consume::{Delivery, Outcome, in_few_commits, once};
use dayloom_kit::storage::{Commit, StorageError};
use dayloom_task_commands::{creation, has_successor};

use crate::INBOX;

pub(crate) fn handle(deliveries: Vec<Delivery>) -> Vec<Outcome> {
    in_few_commits(&deliveries, effect)
}

/// What one delivery comes to. Most completed tasks do not recur: then there is nothing to remember either.
fn effect(delivery: &Delivery) -> Result<Commit, Outcome> {
    let event = RawEvent::parse(&delivery.body).map_err(reject)?;
    if event.type_name != EventType::TaskCompleted.as_str() {
        return Err(Outcome::Done);
    }
    let Some((task, draft)) = successor(&event)? else {
        return Err(Outcome::Done);
    };
    let mut commit = Commit::default();
    commit.push(once(INBOX, &event.id));
    // Who looks at the same moment as another finds out by the index on the parent, is delivered the event again, and then
    // sees what the other one made.
    if !has_successor(&task.user_id, task.id).map_err(not_read)? {
        let stamp = Stamp {
            source: "/dayloom/recurrence",
            correlation_id: &event.data.correlation_id,
        };
        let next = creation(draft, task.user_id, Some(task.id), stamp).map_err(reject)?;
        commit.statements.extend(next.commit.statements);
        commit.events.extend(next.commit.events);
    }
    Ok(commit)
}

/// The completed task of the event and the draft of what follows it, if anything does.
fn successor(event: &RawEvent<'_>) -> Result<Option<(Task, TaskDraft)>, Outcome> {
    let task: Task = event.data.payload().map_err(reject)?;
    let completed_at = task
        .completed_at
        .ok_or_else(|| reject("a completed task without completed_at"))?;
    let draft = recurrence::next_occurrence(&task, completed_at).map_err(reject)?;
    Ok(draft.map(|draft| (task, draft)))
}

/// The event can never be handled.
fn reject(reason: impl ToString) -> Outcome {
    Outcome::Reject(reason.to_string())
}

fn not_read(error: StorageError) -> Outcome {
    match error {
        StorageError::Unavailable(reason) => Outcome::Retry(reason),
        error @ (StorageError::Conflict(_) | StorageError::Invalid(_) | StorageError::TooLarge(_)) => reject(error),
    }
}

#[cfg(test)]
mod tests {
    use dayloom_domain::event::RawEvent;
    use dayloom_kit::consume::{Delivery, Outcome};

    use super::{effect, successor};

    fn body(kind: &str, rule: &str, completed_at: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d20","source":"/dayloom/tasks","type":"{kind}",
            "subject":"s","time":"2026-11-21T09:30:00Z","data":{{"task_id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21","user_id":"u",
            "sequence":2,"idempotency_key":"k","correlation_id":"c","payload":{{"id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21",
            "user_id":"u","title":"x","description":null,"status":"completed","priority":"low","tags":[],"category":null,
            "due_date":"2026-11-21","time_zone":"UTC","reminders":[],"recurring_rule":{rule},"recurring_end_date":null,
            "recurrence_from":"due_date","parent_id":null,"sequence":2,"created_at":"2026-11-20T00:00:00Z",
            "updated_at":"2026-11-21T09:30:00Z","completed_at":{completed_at}}}}}}}"#
        )
    }

    fn outcome(body: &str) -> Outcome {
        let delivery = Delivery {
            topic: "task-events".into(),
            key: "k".into(),
            attempt: 1,
            body: body.as_bytes().to_vec(),
        };
        effect(&delivery).expect_err("nothing of this reaches storage")
    }

    const COMPLETED: &str = "com.todo.task.completed";
    const AT: &str = "\"2026-11-21T09:30:00Z\"";

    #[test]
    fn a_recurring_task_is_followed_by_a_draft_of_the_next_day() {
        let body = body(COMPLETED, "\"daily\"", AT);
        let event = RawEvent::parse(body.as_bytes()).unwrap();
        let (task, draft) = successor(&event).unwrap().unwrap();
        assert_eq!(task.user_id.as_str(), "u");
        assert_eq!(draft.due_date.unwrap().to_string(), "2026-11-22");
    }

    #[test]
    fn what_does_not_recur_or_is_no_completion_is_done() {
        assert_eq!(outcome(&body(COMPLETED, "null", AT)), Outcome::Done);
        assert_eq!(outcome(&body("com.todo.task.updated", "\"daily\"", AT)), Outcome::Done);
    }

    #[test]
    fn what_can_never_be_handled_is_rejected() {
        for bad in [
            "{}".to_owned(),
            body(COMPLETED, "\"daily\"", "null"),
            body(COMPLETED, "\"now and then\"", AT),
            body(COMPLETED, "7", AT),
        ] {
            assert!(matches!(outcome(&bad), Outcome::Reject(_)), "{bad}");
        }
    }
}
