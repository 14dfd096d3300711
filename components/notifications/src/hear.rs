//! What events about tasks and reminders mean for the timers.

use dayloom_domain::Timestamp;
use dayloom_domain::event::{EventError, EventType, RawEvent, ReminderPayload};
use dayloom_kit::consume::{Delivery, Outcome, in_few_commits, once};
use dayloom_kit::storage::{Commit, Statement};

use crate::{timer, wake};

/// This component's inbox.
pub(crate) const INBOX: &str = "notifications_inbox";

/// Bytes of an event's id at most; ours have 36. A foreign producer's must fit an index entry.
const EVENT_ID_BYTES_MAX: usize = 256;

/// An event that matters here.
struct Heard<'a> {
    event: RawEvent<'a>,
    /// The same as the event's, as the tables hold it.
    sequence: i64,
    fact: Fact,
}

enum Fact {
    Scheduled(ReminderPayload),
    Cancelled(ReminderPayload),
    /// The task was completed or deleted.
    TaskClosed,
}

/// Why an event can never be handled.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("id is not 1 to {EVENT_ID_BYTES_MAX} bytes long")]
    Id,
    #[error("sequence is beyond 63 bits")]
    Sequence,
}

/// Brings the timers up to date, then sets and cancels those of the platform.
pub(crate) fn handle(deliveries: Vec<Delivery>) -> Vec<Outcome> {
    let now = dayloom_kit::now();
    let outcomes = in_few_commits(&deliveries, |delivery| match read(&delivery.body) {
        Ok(Some(heard)) => Ok(Commit {
            statements: statements(&heard, now),
            events: Vec::new(),
        }),
        Ok(None) => Err(Outcome::Done),
        Err(unusable) => Err(Outcome::Reject(unusable.to_string())),
    });
    // Only what is durable may have a timer. A repeat sets it once more, which makes up for a crash right here.
    for (delivery, _) in deliveries
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::Done)
    {
        match read(&delivery.body).ok().flatten().map(|heard| heard.fact) {
            Some(Fact::Scheduled(reminder)) => wake::schedule(reminder.reminder_id, reminder.remind_at),
            Some(Fact::Cancelled(reminder)) => wake::cancel(reminder.reminder_id),
            // Which reminders that were is not known here; their timers will find them cancelled.
            Some(Fact::TaskClosed) | None => {}
        }
    }
    outcomes
}

/// The event, or none if it is of no interest here.
fn read(body: &[u8]) -> Result<Option<Heard<'_>>, Unusable> {
    let event = RawEvent::parse(body)?;
    let fact = match event.event_type() {
        Ok(EventType::ReminderScheduled) => Fact::Scheduled(event.data.payload()?),
        Ok(EventType::ReminderCancelled) => Fact::Cancelled(event.data.payload()?),
        Ok(EventType::TaskCompleted | EventType::TaskDeleted) => Fact::TaskClosed,
        Ok(_) | Err(_) => return Ok(None),
    };
    if event.id.is_empty() || event.id.len() > EVENT_ID_BYTES_MAX {
        return Err(Unusable::Id);
    }
    let sequence = i64::try_from(event.data.sequence).map_err(|_| Unusable::Sequence)?;
    Ok(Some(Heard { event, sequence, fact }))
}

fn statements(heard: &Heard, now: Timestamp) -> Vec<Statement> {
    let Heard { event, sequence, fact } = heard;
    let data = &event.data;
    let mut statements = vec![once(INBOX, &event.id)];
    match fact {
        Fact::Scheduled(reminder) => {
            statements.push(timer::hold_task(data.task_id, now));
            statements.push(timer::set(data, *sequence, reminder, now));
        }
        Fact::Cancelled(reminder) => statements.push(timer::cancel(data, *sequence, reminder, now)),
        Fact::TaskClosed => statements.extend(timer::close_task(data.task_id, *sequence, now)),
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::{Fact, read};

    const REMINDER: &str = r#"{"reminder_id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22","remind_at":"2026-11-21T09:30:00Z",
        "title":"t","due_date":null,"time_zone":"Europe/Berlin"}"#;

    fn event(id: &str, kind: &str, sequence: &str, payload: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","type":"{kind}","time":"2026-11-21T09:30:00Z","data":
               {{"task_id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21","user_id":"u","sequence":{sequence},
               "idempotency_key":"k","correlation_id":"c","payload":{payload}}}}}"#
        )
    }

    #[test]
    fn each_type_is_its_fact() {
        let fact = |kind: &str| {
            let body = event("e", kind, "3", REMINDER);
            read(body.as_bytes()).unwrap().map(|heard| heard.fact)
        };
        assert!(matches!(fact("com.todo.reminder.scheduled"), Some(Fact::Scheduled(_))));
        assert!(matches!(fact("com.todo.reminder.cancelled"), Some(Fact::Cancelled(_))));
        assert!(matches!(fact("com.todo.task.completed"), Some(Fact::TaskClosed)));
        assert!(matches!(fact("com.todo.task.deleted"), Some(Fact::TaskClosed)));
        assert!(fact("com.todo.task.created").is_none());
        assert!(fact("com.todo.task.renamed").is_none());
    }

    #[test]
    fn what_can_never_be_handled_is_refused() {
        let scheduled = "com.todo.reminder.scheduled";
        for bad in [
            event("", scheduled, "1", REMINDER),
            event(&"x".repeat(257), scheduled, "1", REMINDER),
            event("e", scheduled, "9223372036854775808", REMINDER),
            event("e", scheduled, "1", r#"{"title":"no reminder"}"#),
            "{}".to_owned(),
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
