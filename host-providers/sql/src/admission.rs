//! A call before it reaches the database: checked against limits and grants, so that every provider refuses alike.

use dayloom_ports::limits::{
    COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, COMMIT_STATEMENTS_MAX, EVENT_BODY_BYTES_MAX, EVENT_KEY_BYTES_MAX,
    STATEMENT_PARAMS_MAX,
};
use dayloom_ports::{Event, Grant, Statement, StorageError, TopicMap, Value};
use uuid::Uuid;

/// A commit within its limits.
#[derive(Debug)]
pub struct Admitted {
    /// The ids of the events, in order.
    pub event_ids: Vec<Uuid>,
    /// Memory of parameters, bodies and texts.
    pub bytes: usize,
}

/// Checks a whole commit, except for what its texts say.
///
/// # Errors
/// `Invalid` and `TooLarge` as the interface says.
pub fn admit(
    grant: &Grant,
    topic_map: &TopicMap,
    statements: &[Statement],
    events: &[Event],
) -> Result<Admitted, StorageError> {
    at_most(statements.len(), COMMIT_STATEMENTS_MAX, "statements")?;
    at_most(events.len(), COMMIT_EVENTS_MAX, "events")?;
    let mut bytes = 0;
    for statement in statements {
        check_params(&statement.params)?;
        bytes += statement.params.iter().map(value_bytes).sum::<usize>();
    }
    bytes += events.iter().map(|event| event.body.len()).sum::<usize>();
    at_most(bytes, COMMIT_BYTES_MAX, "bytes of parameters and bodies")?;
    let event_ids = events
        .iter()
        .map(|event| check_event(event, grant, topic_map))
        .collect::<Result<_, _>>()?;
    bytes += statements.iter().map(|statement| statement.sql.len()).sum::<usize>();
    Ok(Admitted { event_ids, bytes })
}

/// Refuses parameters no statement may have.
///
/// # Errors
/// `Invalid` for more than [`STATEMENT_PARAMS_MAX`], or a real that is not finite.
pub fn check_params(params: &[Value]) -> Result<(), StorageError> {
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

fn check_event(event: &Event, grant: &Grant, topic_map: &TopicMap) -> Result<Uuid, StorageError> {
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
    match Uuid::try_parse(&event.id) {
        Ok(id) => Ok(id),
        Err(_) => invalid("an event id is a UUID".to_owned()),
    }
}
