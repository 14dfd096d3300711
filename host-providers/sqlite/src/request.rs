//! A commit on its way to the writer: checked against limits and grants on the caller's thread, so that the writer only
//! writes.

use dayloom_ports::limits::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, COMMIT_STATEMENTS_MAX, EVENT_BODY_BYTES_MAX, EVENT_KEY_BYTES_MAX,
    STATEMENT_PARAMS_MAX,
};
use dayloom_ports::{Event, Statement, StorageError, TopicMap, Value};
use uuid::Uuid;

use crate::Grant;
use crate::log::{NewEvent, partition_of};

pub(crate) struct CommitRequest {
    /// The caller's number among the grants.
    pub(crate) component: usize,
    pub(crate) statements: Vec<Statement>,
    pub(crate) events: Vec<NewEvent>,
    /// Memory of parameters, bodies and texts.
    bytes: usize,
}

impl CommitRequest {
    pub(crate) fn new(
        component: usize,
        grant: &Grant,
        topic_map: &TopicMap,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Self, StorageError> {
        at_most(statements.len(), COMMIT_STATEMENTS_MAX, "statements")?;
        at_most(events.len(), COMMIT_EVENTS_MAX, "events")?;
        let mut bytes = 0;
        for statement in &statements {
            check_params(&statement.params)?;
            bytes += statement.params.iter().map(value_bytes).sum::<usize>();
        }
        bytes += events.iter().map(|event| event.body.len()).sum::<usize>();
        at_most(bytes, COMMIT_BYTES_MAX, "bytes of parameters and bodies")?;
        let events = events
            .into_iter()
            .map(|event| accept(event, grant, topic_map))
            .collect::<Result<_, _>>()?;
        bytes += statements.iter().map(|statement| statement.sql.len()).sum::<usize>();
        Ok(Self {
            component,
            statements,
            events,
            bytes,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The index that stands for an event's id in a conflict.
    pub(crate) fn event_index(&self) -> u32 {
        u32::try_from(self.statements.len()).unwrap_or(u32::MAX)
    }
}

/// Refuses parameters no statement may have.
pub(crate) fn check_params(params: &[Value]) -> Result<(), StorageError> {
    if params.len() > STATEMENT_PARAMS_MAX {
        return Err(StorageError::Invalid(format!(
            "more than {STATEMENT_PARAMS_MAX} parameters"
        )));
    }
    // SQLite would store a NaN as NULL, silently.
    if params
        .iter()
        .any(|value| matches!(value, Value::Real(real) if !real.is_finite()))
    {
        return Err(StorageError::Invalid("a real parameter is not finite".to_owned()));
    }
    Ok(())
}

/// Refuses a call that carries more than its limit.
fn at_most(count: usize, limit: usize, what: &str) -> Result<(), StorageError> {
    if count > limit {
        return Err(StorageError::TooLarge(format!("{count} {what}, the limit is {limit}")));
    }
    Ok(())
}

/// What a parameter counts towards the limits.
fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => size_of::<i64>(),
        Value::Text(text) => text.len(),
    }
}

fn accept(event: Event, grant: &Grant, topic_map: &TopicMap) -> Result<NewEvent, StorageError> {
    let invalid = |reason: String| Err(StorageError::Invalid(reason));
    if !grant.may_publish(&event.event_type) {
        return invalid(format!("publishing `{}` is not granted", event.event_type));
    }
    if topic_map.topics_of(&event.event_type).is_empty() {
        return invalid(format!("no topic carries `{}`", event.event_type));
    }
    if !(1..=EVENT_KEY_BYTES_MAX).contains(&event.key.len()) {
        return invalid(format!("an event key is 1 to {EVENT_KEY_BYTES_MAX} bytes"));
    }
    at_most(event.body.len(), EVENT_BODY_BYTES_MAX, "bytes of one event body")?;
    let Ok(id) = Uuid::try_parse(&event.id) else {
        return invalid("an event id is a UUID".to_owned());
    };
    let partition = partition_of(&event.key);
    Ok(NewEvent {
        id,
        partition,
        event_type: event.event_type,
        key: event.key,
        body: event.body,
    })
}
