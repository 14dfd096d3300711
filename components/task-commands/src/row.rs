//! A task as a row, and back.

use std::fmt::Display;
use std::str::FromStr;

use dayloom_domain::{Priority, Task, Timestamp, UserId};
use dayloom_kit::storage::{Cells, Row, StorageError, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fold::fold;

/// The select list that [`read`] takes; a macro, so that texts around it stay constants.
macro_rules! columns {
    () => {
        "id, parent_id, created_at, title, description, status, priority, tags, category, due_date, time_zone, reminders, \
         recurring_rule, recurring_end_date, recurrence_from, sequence, updated_at, completed_at"
    };
}
pub(crate) use columns;

/// Inserts a task: `$1` the user, `$2` the id, `$3` the parent, `$4` the creation, then [`state`].
pub(crate) const INSERT: &str = "INSERT INTO tasks (user_id, id, parent_id, created_at, \
    title, title_folded, description, description_folded, status, priority, tags, category, due_date, due_at, time_zone, \
    reminders, recurring_rule, recurring_end_date, recurrence_from, sequence, updated_at, completed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";

/// Writes a task's new state over the version it was made on: `$1` the user, `$2` the id, `$3` that version, then [`state`].
pub(crate) const UPDATE: &str = "UPDATE tasks SET \
    title = $4, title_folded = $5, description = $6, description_folded = $7, status = $8, priority = $9, tags = $10, \
    category = $11, due_date = $12, due_at = $13, time_zone = $14, reminders = $15, recurring_rule = $16, \
    recurring_end_date = $17, recurrence_from = $18, sequence = $19, updated_at = $20, completed_at = $21 \
    WHERE user_id = $1 AND id = $2 AND sequence = $3";

/// Appends what can change about a task.
pub(crate) fn state(params: &mut Vec<Value>, task: &Task) {
    params.extend([
        task.title.as_str().into(),
        fold(&task.title).into(),
        task.description.as_deref().into(),
        task.description.as_deref().map(fold).into(),
        task.status.as_str().into(),
        rank(task.priority).into(),
        list_text(&task.tags).into(),
        task.category.as_deref().into(),
        task.due_date.map(|due| due.to_string()).into(),
        task.due_at().map(Timestamp::as_ms).into(),
        task.time_zone.name().into(),
        list_text(&task.reminders).into(),
        task.recurring_rule.as_deref().into(),
        task.recurring_end_date.map(|end| end.to_string()).into(),
        task.recurrence_from.as_str().into(),
        sequence(task.sequence),
        task.updated_at.as_ms().into(),
        task.completed_at.map(Timestamp::as_ms).into(),
    ]);
}

/// A version as a cell.
pub(crate) fn sequence(sequence: u64) -> Value {
    // A task that changes a million times a second gets here after 290,000 years.
    Value::from(i64::try_from(sequence).unwrap_or(i64::MAX))
}

/// A priority as a cell: its place in the order.
pub(crate) fn rank(priority: Priority) -> i64 {
    priority as i64
}

/// The user's task in a row of [`columns!`].
///
/// # Errors
/// [`StorageError::Invalid`] if a cell is not what this module writes.
pub(crate) fn read(user_id: &UserId, row: Row) -> Result<Task, StorageError> {
    let mut cells = Cells::of(row);
    // Struct fields are evaluated in the order they are written in, which is that of the select list.
    Ok(Task {
        user_id: user_id.clone(),
        id: word("id", cells.text()?)?,
        parent_id: optional_word("parent_id", cells.optional_text()?)?,
        created_at: Timestamp::from_ms(cells.integer()?),
        title: cells.text()?,
        description: cells.optional_text()?,
        status: word("status", cells.text()?)?,
        priority: priority(cells.integer()?)?,
        tags: list("tags", cells.optional_text()?)?,
        category: cells.optional_text()?,
        due_date: optional_word("due_date", cells.optional_text()?)?,
        time_zone: word("time_zone", cells.text()?)?,
        reminders: list("reminders", cells.optional_text()?)?,
        recurring_rule: cells.optional_text()?,
        recurring_end_date: optional_word("recurring_end_date", cells.optional_text()?)?,
        recurrence_from: word("recurrence_from", cells.text()?)?,
        sequence: u64::try_from(cells.integer()?).map_err(|error| unreadable("sequence", error))?,
        updated_at: Timestamp::from_ms(cells.integer()?),
        completed_at: cells.optional_integer()?.map(Timestamp::from_ms),
    })
}

/// A list as JSON text; none for an empty one, which most are.
fn list_text<T: Serialize>(items: &[T]) -> Option<String> {
    (!items.is_empty()).then(|| serde_json::to_string(items).expect("tags and reminders have a JSON form"))
}

fn list<T: DeserializeOwned>(column: &str, text: Option<String>) -> Result<Vec<T>, StorageError> {
    text.map_or(Ok(Vec::new()), |text| {
        serde_json::from_str(&text).map_err(|error| unreadable(column, error))
    })
}

fn word<T: FromStr<Err: Display>>(column: &str, text: String) -> Result<T, StorageError> {
    text.parse().map_err(|error| unreadable(column, error))
}

fn optional_word<T: FromStr<Err: Display>>(column: &str, text: Option<String>) -> Result<Option<T>, StorageError> {
    text.map(|text| word(column, text)).transpose()
}

fn priority(rank: i64) -> Result<Priority, StorageError> {
    usize::try_from(rank)
        .ok()
        .and_then(|rank| Priority::ALL.get(rank).copied())
        .ok_or_else(|| unreadable("priority", rank))
}

fn unreadable(column: &str, error: impl Display) -> StorageError {
    StorageError::Invalid(format!("column {column} of a task can not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use dayloom_domain::{Task, UserId};
    use dayloom_kit::storage::Value;

    use super::read;
    use crate::database::Database;
    use crate::write;

    const FULL: &str = r#"{"id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21","user_id":"u","title":"Über \"x\"","description":"Line\nÄ",
        "status":"completed","priority":"urgent","tags":["b","a"],"category":"home","due_date":"2026-11-21",
        "time_zone":"Europe/Berlin","reminders":[{"id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d22","before_minutes":60,
        "reminder_at":"2026-11-21T07:00:00.000Z"}],"recurring_rule":"weekly","recurring_end_date":"2027-01-01T00:00:00.000Z",
        "recurrence_from":"completion","parent_id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d20","sequence":7,
        "created_at":"2026-11-20T00:00:00.001Z","updated_at":"2026-11-20T00:00:00.002Z","completed_at":"2026-11-20T00:00:00.003Z"}"#;
    const BARE: &str = r#"{"id":"019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21","user_id":"u","title":"x","description":null,"status":"pending",
        "priority":"low","tags":[],"category":null,"due_date":null,"time_zone":"UTC","reminders":[],"recurring_rule":null,
        "recurring_end_date":null,"recurrence_from":"due_date","parent_id":null,"sequence":1,
        "created_at":"2026-11-20T00:00:00.000Z","updated_at":"2026-11-20T00:00:00.000Z","completed_at":null}"#;

    fn stored(database: &Database) -> Vec<Task> {
        let user = UserId::new("u");
        let sql = concat!("SELECT ", columns!(), " FROM tasks WHERE user_id = $1");
        let rows = database.query(sql, &[Value::from("u")]);
        rows.into_iter().map(|row| read(&user, row).unwrap()).collect()
    }

    fn task(json: &str) -> Task {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_task_comes_back_as_it_was_written() {
        for json in [FULL, BARE] {
            let database = Database::new();
            database.apply(|commit| write::insert(commit, &task(json))).unwrap();
            assert_eq!(stored(&database), [task(json)]);
        }
    }

    #[test]
    fn an_update_replaces_everything_that_can_change_and_only_at_its_version() {
        let database = Database::new();
        let (bare, full) = (task(BARE), task(FULL));
        database.apply(|commit| write::insert(commit, &bare)).unwrap();
        database.apply(|commit| write::update(commit, &bare, &full)).unwrap();
        let unchanging = Task {
            parent_id: bare.parent_id,
            created_at: bare.created_at,
            ..full.clone()
        };
        assert_eq!(stored(&database), [unchanging]);
        assert_eq!(database.apply(|commit| write::update(commit, &bare, &full)), Err(0));
    }

    #[test]
    fn what_was_not_written_here_is_an_error_and_not_a_guess() {
        assert!(read(&UserId::new("u"), vec![Value::from("no id")]).is_err());
        assert!(super::priority(4).is_err());
    }
}
