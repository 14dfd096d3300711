//! Between the kit's storage types, which the shared commands speak, and the provider's; and a task out of its row.

use anyhow::{Context, Result, bail};
use dayloom_domain::{Priority, Task, Timestamp, UserId};
use dayloom_kit::storage;
use dayloom_ports::{Event, Row, Statement, Value};

/// The select list [`task`] takes: what the components read.
pub(crate) const COLUMNS: &str = "id, parent_id, created_at, title, description, status, priority, tags, category, due_date, \
    time_zone, reminders, recurring_rule, recurring_end_date, recurrence_from, sequence, updated_at, completed_at";

pub(crate) fn statement(statement: storage::Statement) -> Statement {
    let params = statement.params.into_iter().map(value).collect();
    Statement {
        sql: statement.sql,
        params,
        expected_changes: statement.expected_changes,
    }
}

pub(crate) fn event(event: storage::Event) -> Event {
    Event {
        id: event.id,
        event_type: event.event_type,
        key: event.key,
        body: event.body,
    }
}

fn value(value: storage::Value) -> Value {
    match value {
        storage::Value::Null => Value::Null,
        storage::Value::Integer(integer) => Value::Integer(integer),
        storage::Value::Real(real) => Value::Real(real),
        storage::Value::Text(text) => Value::Text(text),
    }
}

pub(crate) fn task(user_id: &UserId, row: Row) -> Result<Task> {
    let mut cells = row.into_iter();
    let mut text = || match cells.next() {
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(Value::Integer(integer)) => Ok(Some(integer.to_string())),
        Some(Value::Null) => Ok(None),
        other => bail!("{other:?} in a task's row"),
    };
    macro_rules! required {
        () => {
            text()?.context("a cell is NULL")?.parse()?
        };
    }
    macro_rules! optional {
        () => {
            text()?.map(|text| text.parse()).transpose()?
        };
    }
    macro_rules! list {
        () => {
            text()?.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))?
        };
    }
    Ok(Task {
        user_id: user_id.clone(),
        id: required!(),
        parent_id: optional!(),
        created_at: Timestamp::from_ms(required!()),
        title: required!(),
        description: text()?,
        status: required!(),
        priority: {
            let rank: usize = required!();
            *Priority::ALL.get(rank).context("no such priority")?
        },
        tags: list!(),
        category: text()?,
        due_date: optional!(),
        time_zone: required!(),
        reminders: list!(),
        recurring_rule: text()?,
        recurring_end_date: optional!(),
        recurrence_from: required!(),
        sequence: required!(),
        updated_at: Timestamp::from_ms(required!()),
        completed_at: {
            let ms: Option<i64> = optional!();
            ms.map(Timestamp::from_ms)
        },
    })
}
