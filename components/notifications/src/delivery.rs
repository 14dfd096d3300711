//! The rows of `delivery_attempts`: what became of each notification on each channel.

use dayloom_domain::{NotificationId, Timestamp};
use dayloom_kit::storage::{Statement, Value, expecting, statement};

use crate::channel::Channel;

const INSERT: &str = "INSERT INTO delivery_attempts (notification_id, channel, outcome, attempts, due_at) \
    VALUES ($1, $2, $3, $4, $5)";

/// The commit this belongs to is the delivery.
pub(crate) fn delivered(id: NotificationId, channel: Channel, now: Timestamp) -> Statement {
    insert(id, channel, "delivered", 1, now)
}

/// To go out at `due_at`.
pub(crate) fn waiting(id: NotificationId, channel: Channel, due_at: Timestamp) -> Statement {
    insert(id, channel, "waiting", 0, due_at)
}

/// Forgets the deliveries of a notification that is deleted, those to come included.
pub(crate) fn delete_all(id: NotificationId) -> Statement {
    let sql = "DELETE FROM delivery_attempts WHERE notification_id = $1";
    statement(sql, vec![Value::from(id.to_string())])
}

fn insert(id: NotificationId, channel: Channel, outcome: &str, attempts: i64, due_at: Timestamp) -> Statement {
    let params = vec![
        Value::from(id.to_string()),
        Value::from(channel.as_str()),
        Value::from(outcome),
        Value::from(attempts),
        Value::from(due_at.as_ms()),
    ];
    expecting(1, INSERT, params)
}
