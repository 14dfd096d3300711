//! Firing: a reminder whose time has come becomes a notification, once.

use std::borrow::Cow;

use dayloom_domain::event::{CloudEvent, EventData, EventType, Notification, NotificationKind};
use dayloom_domain::{NotificationId, Timestamp};
use dayloom_kit::storage::{Commit, Event, StorageError};
use dayloom_kit::{new_id, publishable};
use serde::Serialize;

use crate::channel::{Channel, Decision};
use crate::preferences::Preferences;
use crate::timer::{self, Timer};
use crate::{delivery, message, row, wake};

const SOURCE: &str = "/dayloom/notifications";

/// Fires the timer, if its time has come and nobody else fired or changed it meanwhile.
pub(crate) fn fire(timer: &Timer) -> Result<(), StorageError> {
    let now = dayloom_kit::now();
    if timer.remind_at > now {
        // A timer of the platform that was set for an earlier moment, or a clock that was set back.
        wake::schedule(timer.reminder_id, timer.remind_at);
        return Ok(());
    }
    let preferences = Preferences::of(timer.user_id.as_str())?;
    match effect(timer, &preferences, new_id().into(), now).apply() {
        // The first statement is the timer's: it is not pending any more, or has moved.
        Ok(_) | Err(StorageError::Conflict(0)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// All that a firing writes and tells.
fn effect(timer: &Timer, preferences: &Preferences, id: NotificationId, now: Timestamp) -> Commit {
    let mut commit = Commit::default();
    commit.push(timer::fired(timer, now));
    commit
        .events
        .push(event(timer, EventType::ReminderDue, &timer.reminder, now));

    let (title, body) = message::of_reminder(&timer.reminder);
    let notification = Notification {
        id,
        kind: NotificationKind::Reminder,
        task_id: timer.task_id,
        title,
        body,
        created_at: now,
        read_at: None,
    };
    let mut deliveries = Vec::new();
    for channel in Channel::ALL {
        match (channel, channel.decide(preferences, now)) {
            (_, Decision::Off) => {}
            (_, Decision::Wait(until)) => deliveries.push(delivery::waiting(id, channel, until)),
            (Channel::InApp, Decision::Now) => {
                deliveries.push(delivery::delivered(id, channel, now));
                commit
                    .events
                    .push(event(timer, EventType::ReminderSent, &timer.reminder, now));
                commit
                    .events
                    .push(event(timer, EventType::NotificationCreated, &notification, now));
            }
        }
    }
    // A notification that goes nowhere is none.
    if !deliveries.is_empty() {
        commit.push(row::insert(timer.user_id.as_str(), &notification));
        commit.statements.extend(deliveries);
    }
    commit
}

fn event<P: Serialize>(timer: &Timer, event_type: EventType, payload: &P, now: Timestamp) -> Event {
    let task_id = timer.task_id.to_string();
    let data = EventData {
        task_id: timer.task_id,
        user_id: Cow::Borrowed(&timer.user_id),
        sequence: timer.sequence.unsigned_abs(),
        // The same if it ever had to be told again: a version's reminder fires once.
        idempotency_key: format!("{}:{}:{event_type}", timer.reminder_id, timer.sequence).into(),
        correlation_id: Cow::Borrowed(&timer.correlation_id),
        payload,
        previous: None,
    };
    let event = CloudEvent::new(event_type, new_id().into(), SOURCE, task_id.as_str(), now, data);
    publishable(&event, task_id.as_str())
}

#[cfg(test)]
mod tests {
    use dayloom_domain::event::{CloudEvent, EventData, Notification, ReminderPayload};
    use dayloom_domain::{Timestamp, UserId};

    use super::effect;
    use crate::preferences::{Channels, Preferences};
    use crate::timer::Timer;

    fn timer() -> Timer {
        Timer {
            reminder_id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22".parse().unwrap(),
            user_id: UserId::new("u"),
            task_id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21".parse().unwrap(),
            sequence: 3,
            remind_at: now(),
            correlation_id: "c".into(),
            reminder: ReminderPayload {
                reminder_id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22".parse().unwrap(),
                remind_at: now(),
                title: "Call Ana".into(),
                due_date: None,
                time_zone: dayloom_domain::TimeZone::UTC,
            },
        }
    }

    fn now() -> Timestamp {
        "2026-11-21T09:30:00Z".parse().unwrap()
    }

    fn fire(in_app: bool) -> dayloom_kit::storage::Commit {
        let preferences = Preferences {
            channels: Channels { in_app },
            quiet_hours: None,
        };
        effect(
            &timer(),
            &preferences,
            "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d23".parse().unwrap(),
            now(),
        )
    }

    #[test]
    fn one_commit_holds_the_timer_the_notification_and_every_event() {
        let commit = fire(true);
        assert!(commit.statements[0].sql.starts_with("UPDATE reminder_timers"));
        assert_eq!(commit.statements.len(), 3);
        assert!(
            commit
                .statements
                .iter()
                .all(|statement| statement.expected_changes == Some(1))
        );
        let types: Vec<_> = commit.events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(
            types,
            [
                "com.todo.reminder.due",
                "com.todo.reminder.sent",
                "com.todo.notification.created"
            ]
        );

        let due: CloudEvent<EventData<ReminderPayload>> = serde_json::from_str(&commit.events[0].body).unwrap();
        assert_eq!(due.data.payload, timer().reminder);
        assert_eq!(
            due.data.idempotency_key,
            "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22:3:com.todo.reminder.due"
        );
        let created: CloudEvent<EventData<Notification>> = serde_json::from_str(&commit.events[2].body).unwrap();
        assert_eq!(
            (created.data.payload.title.as_str(), created.data.sequence),
            ("Call Ana", 3)
        );
        assert!(
            commit
                .events
                .iter()
                .all(|event| event.key == timer().task_id.to_string())
        );
    }

    #[test]
    fn a_user_with_every_channel_off_is_left_in_peace() {
        let commit = fire(false);
        assert_eq!((commit.statements.len(), commit.events.len()), (1, 1));
    }
}
