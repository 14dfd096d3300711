//! The rows of `notifications`.

use dayloom_domain::event::{Notification, NotificationKind};
use dayloom_domain::{NotificationId, Timestamp};
use dayloom_kit::storage::{self, Cells, Row, Statement, StorageError, Value, expecting};

/// The select list that [`read`] expects.
macro_rules! select_notifications {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, task_id, title, body, created_at, read_at FROM notifications WHERE user_id = $1",
            $rest
        )
    };
}
pub(crate) use select_notifications;

/// The user's notification, if there is one of this id.
pub(crate) fn find(user_id: &str, id: NotificationId) -> Result<Option<Notification>, StorageError> {
    let sql = select_notifications!(" AND id = $2");
    let rows = storage::query(sql, &[Value::from(user_id), Value::from(id.to_string())])?;
    rows.into_iter().next().map(read).transpose()
}

/// Adds it to the user's list.
pub(crate) fn insert(user_id: &str, notification: &Notification) -> Statement {
    expecting(
        1,
        "INSERT INTO notifications (user_id, id, kind, task_id, title, body, created_at, read_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            Value::from(user_id),
            Value::from(notification.id.to_string()),
            Value::from(word(notification.kind)),
            Value::from(notification.task_id.to_string()),
            Value::from(notification.title.as_str()),
            Value::from(notification.body.as_str()),
            Value::from(notification.created_at.as_ms()),
            Value::from(notification.read_at.map(Timestamp::as_ms)),
        ],
    )
}

/// Reads a row of the select list.
pub(crate) fn read(row: Row) -> Result<Notification, StorageError> {
    let mut cells = Cells::of(row);
    let invalid = |what: &str| StorageError::Invalid(format!("a stored {what} can not be read"));
    Ok(Notification {
        id: cells.text()?.parse().map_err(|_| invalid("notification id"))?,
        kind: kind(&cells.text()?).ok_or_else(|| invalid("kind"))?,
        task_id: cells.text()?.parse().map_err(|_| invalid("task id"))?,
        title: cells.text()?,
        body: cells.text()?,
        created_at: Timestamp::from_ms(cells.integer()?),
        read_at: cells.optional_integer()?.map(Timestamp::from_ms),
    })
}

const fn word(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Reminder => "reminder",
    }
}

fn kind(text: &str) -> Option<NotificationKind> {
    match text {
        "reminder" => Some(NotificationKind::Reminder),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dayloom_domain::event::{Notification, NotificationKind};

    use super::{insert, read};

    #[test]
    fn what_is_stored_is_read_back() {
        for read_at in [None, Some("2026-11-21T10:00:00Z".parse().unwrap())] {
            let notification = Notification {
                id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22".parse().unwrap(),
                kind: NotificationKind::Reminder,
                task_id: "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21".parse().unwrap(),
                title: "t".into(),
                body: "b".into(),
                created_at: "2026-11-21T09:30:00Z".parse().unwrap(),
                read_at,
            };
            let mut params = insert("u", &notification).params;
            params.remove(0);
            assert_eq!(read(params).unwrap(), notification);
        }
    }
}
