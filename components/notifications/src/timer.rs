//! The rows of `reminder_timers`: the latest that is known of each reminder.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use dayloom_domain::event::{RawData, ReminderPayload};
use dayloom_domain::{ReminderId, TaskId, Timestamp, UserId};
use dayloom_kit::storage::{self, Cells, Row, Statement, StorageError, Value, expecting, statement};

/// A reminder that waits for its time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timer {
    pub(crate) reminder_id: ReminderId,
    pub(crate) user_id: UserId,
    pub(crate) task_id: TaskId,
    /// The task's version that set it; part of its identity, because a moved reminder keeps its id.
    pub(crate) sequence: i64,
    pub(crate) remind_at: Timestamp,
    pub(crate) correlation_id: String,
    pub(crate) reminder: ReminderPayload,
}

macro_rules! select_pending {
    ($rest:literal) => {
        concat!(
            "SELECT reminder_id, user_id, task_id, sequence, remind_at, correlation_id, payload ",
            "FROM reminder_timers WHERE state = 'pending' AND ",
            $rest
        )
    };
}

/// The reminder's timer, if it waits.
pub(crate) fn find(reminder_id: ReminderId) -> Result<Option<Timer>, StorageError> {
    let sql = select_pending!("reminder_id = $1");
    let rows = storage::query(sql, &[Value::from(reminder_id.to_string())])?;
    rows.into_iter().next().map(read).transpose()
}

/// Timers whose time has come by `now`, oldest first. A row that can not be read is an error of its own, so that it does
/// not keep the others from firing.
pub(crate) fn due(now: Timestamp, limit: i64) -> Result<Vec<Result<Timer, StorageError>>, StorageError> {
    let sql = select_pending!("remind_at <= $1 ORDER BY remind_at LIMIT $2");
    let rows = storage::query(sql, &[Value::from(now.as_ms()), Value::from(limit)])?;
    Ok(rows.into_iter().map(read).collect())
}

fn read(row: Row) -> Result<Timer, StorageError> {
    let mut cells = Cells::of(row);
    Ok(Timer {
        reminder_id: parse(&cells.text()?)?,
        user_id: UserId::new(cells.text()?),
        task_id: parse(&cells.text()?)?,
        sequence: cells.integer()?,
        remind_at: Timestamp::from_ms(cells.integer()?),
        correlation_id: cells.text()?,
        reminder: serde_json::from_str(&cells.text()?)
            .map_err(|error| StorageError::Invalid(format!("a stored reminder: {error}")))?,
    })
}

fn parse<T: FromStr>(text: &str) -> Result<T, StorageError> {
    text.parse()
        .map_err(|_| StorageError::Invalid("a stored id is no id".into()))
}

/// Takes the task's row for the rest of the commit. Where commits run side by side (PostgreSQL), a closing of the task then
/// comes wholly before or wholly after the timer that [`set`] writes next.
pub(crate) fn hold_task(task_id: TaskId, now: Timestamp) -> Statement {
    statement(
        "INSERT INTO reminder_tasks (task_id, closed_at_sequence, seen_at) VALUES ($1, 0, $2) \
         ON CONFLICT (task_id) DO UPDATE SET seen_at = excluded.seen_at",
        vec![Value::from(task_id.to_string()), Value::from(now.as_ms())],
    )
}

/// Sets the timer unless something later is known of the reminder. One that was set by a version at which the task was
/// already closed is cancelled at once, and one that has fired for this very moment does not fire again.
pub(crate) fn set(data: &RawData, sequence: i64, reminder: &ReminderPayload, now: Timestamp) -> Statement {
    statement(
        "INSERT INTO reminder_timers \
         (reminder_id, user_id, task_id, sequence, state, remind_at, correlation_id, payload, changed_at) \
         VALUES ($1, $2, $3, $4, CASE WHEN EXISTS (SELECT 1 FROM reminder_tasks \
             WHERE task_id = $3 AND closed_at_sequence >= $4) THEN 'cancelled' ELSE 'pending' END, $5, $6, $7, $8) \
         ON CONFLICT (reminder_id) DO UPDATE SET sequence = excluded.sequence, \
             state = CASE WHEN reminder_timers.state = 'fired' AND reminder_timers.remind_at = excluded.remind_at \
                 THEN 'fired' ELSE excluded.state END, \
             remind_at = excluded.remind_at, correlation_id = excluded.correlation_id, payload = excluded.payload, \
             changed_at = excluded.changed_at \
         WHERE excluded.sequence > reminder_timers.sequence",
        row(data, sequence, reminder, now),
    )
}

/// Cancels the timer unless something later is known of the reminder. Leaves a row even if there was none, for the setting
/// that was overtaken.
pub(crate) fn cancel(data: &RawData, sequence: i64, reminder: &ReminderPayload, now: Timestamp) -> Statement {
    statement(
        "INSERT INTO reminder_timers \
         (reminder_id, user_id, task_id, sequence, state, remind_at, correlation_id, payload, changed_at) \
         VALUES ($1, $2, $3, $4, 'cancelled', $5, $6, $7, $8) \
         ON CONFLICT (reminder_id) DO UPDATE SET sequence = excluded.sequence, \
             state = CASE WHEN reminder_timers.state = 'fired' THEN 'fired' ELSE 'cancelled' END, \
             changed_at = excluded.changed_at \
         WHERE excluded.sequence > reminder_timers.sequence",
        row(data, sequence, reminder, now),
    )
}

fn row(data: &RawData, sequence: i64, reminder: &ReminderPayload, now: Timestamp) -> Vec<Value> {
    vec![
        Value::from(reminder.reminder_id.to_string()),
        Value::from(&*data.user_id),
        Value::from(data.task_id.to_string()),
        Value::from(sequence),
        Value::from(reminder.remind_at.as_ms()),
        Value::from(&*data.correlation_id),
        Value::from(data.payload.get()),
        Value::from(now.as_ms()),
    ]
}

/// The task was completed or deleted at `sequence`: what waits since then or before is cancelled, and what [`set`] brings
/// too late will be.
pub(crate) fn close_task(task_id: TaskId, sequence: i64, now: Timestamp) -> [Statement; 2] {
    let params = || {
        vec![
            Value::from(task_id.to_string()),
            Value::from(sequence),
            Value::from(now.as_ms()),
        ]
    };
    [
        statement(
            "INSERT INTO reminder_tasks (task_id, closed_at_sequence, seen_at) VALUES ($1, $2, $3) \
             ON CONFLICT (task_id) DO UPDATE SET seen_at = excluded.seen_at, \
                 closed_at_sequence = CASE WHEN excluded.closed_at_sequence > reminder_tasks.closed_at_sequence \
                     THEN excluded.closed_at_sequence ELSE reminder_tasks.closed_at_sequence END",
            params(),
        ),
        statement(
            "UPDATE reminder_timers SET state = 'cancelled', changed_at = $3 \
             WHERE task_id = $1 AND state = 'pending' AND sequence <= $2",
            params(),
        ),
    ]
}

/// Turns the timer to fired. Whoever changes this row fires; for everybody else, and if the reminder has moved meanwhile, it
/// is a conflict.
pub(crate) fn fired(timer: &Timer, now: Timestamp) -> Statement {
    expecting(
        1,
        "UPDATE reminder_timers SET state = 'fired', changed_at = $3 \
         WHERE reminder_id = $1 AND state = 'pending' AND sequence = $2",
        vec![
            Value::from(timer.reminder_id.to_string()),
            Value::from(timer.sequence),
            Value::from(now.as_ms()),
        ],
    )
}
