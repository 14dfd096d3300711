//! One line of the trail, as it is stored and as it is served.

use dayloom_domain::Timestamp;
use dayloom_kit::storage::{Cells, Row, StorageError};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The select list that [`AuditEntry::read`] expects.
pub(crate) const COLUMNS: &str =
    "event_id, event_type, task_id, sequence, occurred_at, correlation_id, payload, previous";

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry<'a> {
    /// The event's id.
    id: String,
    /// The same again, for clients that know the event by this name.
    event_id: String,
    /// What happened, such as `com.todo.task.created`.
    #[schema(example = "com.todo.task.created")]
    event_type: String,
    /// The task it happened to.
    #[schema(format = "uuid")]
    task_id: String,
    /// Whose task it is.
    user_id: &'a str,
    /// The task's version after it.
    #[schema(minimum = 0)]
    sequence: i64,
    /// When it happened.
    time: Timestamp,
    /// Names the request that led to it.
    correlation_id: String,
    /// The state after it: a task, or a reminder.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
    /// The state before it, where there was one that changed.
    #[schema(value_type = Option<Object>, required)]
    previous: Option<Box<RawValue>>,
}

/// Where a page ends: the order of the list.
pub(crate) type SortKey = (i64, String);

impl<'a> AuditEntry<'a> {
    /// Reads a row of [`COLUMNS`] that belongs to `user_id`.
    pub(crate) fn read(row: Row, user_id: &'a str) -> Result<Self, StorageError> {
        let mut cells = Cells::of(row);
        let event_id = cells.text()?;
        Ok(Self {
            id: event_id.clone(),
            event_id,
            event_type: cells.text()?,
            task_id: cells.text()?,
            user_id,
            sequence: cells.integer()?,
            time: Timestamp::from_ms(cells.integer()?),
            correlation_id: cells.text()?,
            payload: json(cells.text()?)?,
            previous: cells.optional_text()?.map(json).transpose()?,
        })
    }

    /// What the next page comes after.
    pub(crate) fn sort_key(&self) -> SortKey {
        (self.time.as_ms(), self.event_id.clone())
    }
}

/// Stored JSON, to be put into the answer as it is. Looked over once without building anything, so that a damaged row
/// breaks its own request and never the client's parser.
fn json(text: String) -> Result<Box<RawValue>, StorageError> {
    RawValue::from_string(text).map_err(|error| StorageError::Invalid(format!("a stored payload is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use dayloom_kit::storage::Value;

    use super::AuditEntry;

    fn row(payload: &str) -> Vec<Value> {
        let text = |text: &str| Value::from(text);
        let (sequence, time) = (Value::from(2), Value::from(1_795_253_400_500));
        vec![
            text("e"),
            text("t"),
            text("k"),
            sequence,
            time,
            text("c"),
            text(payload),
            Value::Null,
        ]
    }

    #[test]
    fn an_entry_carries_the_stored_text() {
        let entry = AuditEntry::read(row(r#"{ "n": 1.50 }"#), "u").unwrap();
        assert_eq!(
            serde_json::to_string(&entry).unwrap(),
            r#"{"id":"e","event_id":"e","event_type":"t","task_id":"k","user_id":"u","sequence":2,"#.to_owned()
                + r#""time":"2026-11-21T09:30:00.500Z","correlation_id":"c","payload":{ "n": 1.50 },"previous":null}"#
        );
        assert_eq!(entry.sort_key(), (1_795_253_400_500, "e".to_owned()));
    }

    #[test]
    fn a_damaged_row_is_noticed() {
        assert!(AuditEntry::read(row("{"), "u").is_err());
        assert!(AuditEntry::read(vec![Value::Null], "u").is_err());
    }
}
