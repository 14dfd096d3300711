//! A commit as the database's function reads it: JSON text.

use std::borrow::Cow;

use serde::Serialize;

use super::OutboxEvent;
use crate::sql::{Text, Verb};
use crate::{Error, Statement, Value};

#[derive(Serialize)]
struct Work<'a> {
    statements: Vec<Step<'a>>,
    events: Vec<NewEvent<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    sql: String,
    /// As text, whatever it is: an element of one array.
    params: Vec<Option<Cow<'a, str>>>,
    returns_rows: bool,
    writes: bool,
    expected_changes: Option<u64>,
}

#[derive(Serialize)]
struct NewEvent<'a> {
    id: String,
    shard: u8,
    event_type: &'a str,
    key: &'a str,
    body: &'a str,
    topics: &'a [String],
}

/// The function's argument.
///
/// # Errors
/// `Invalid` for a text that is not to be run.
pub(super) fn json(statements: &[Statement], events: &[OutboxEvent<'_>]) -> Result<String, Error> {
    let work = Work {
        statements: statements.iter().map(step).collect::<Result<_, _>>()?,
        events: events.iter().map(new_event).collect(),
    };
    serde_json::to_string(&work).map_err(|error| Error::Invalid(error.to_string()))
}

fn step(statement: &Statement) -> Result<Step<'_>, Error> {
    let text = Text::read(&statement.sql)?;
    let params = &statement.params;
    text.check_params(params.len())?;
    // The function passes all parameters as one array of text, `$1`.
    let sql = text.write(|number| match &params[number - 1] {
        Value::Null => Cow::Borrowed("NULL"),
        Value::Integer(_) => Cow::Owned(format!("($1)[{number}]::bigint")),
        Value::Real(_) => Cow::Owned(format!("($1)[{number}]::float8")),
        Value::Text(_) => Cow::Owned(format!("($1)[{number}]")),
    });
    Ok(Step {
        sql,
        params: params.iter().map(as_text).collect(),
        returns_rows: text.returns_rows,
        writes: text.verb == Verb::Write,
        expected_changes: statement.expected_changes,
    })
}

fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Integer(integer) => Some(Cow::Owned(integer.to_string())),
        // The shortest text that reads as the same number.
        Value::Real(real) => Some(Cow::Owned(format!("{real:e}"))),
        Value::Text(text) => Some(Cow::Borrowed(text)),
    }
}

fn new_event<'a>(event: &'a OutboxEvent<'_>) -> NewEvent<'a> {
    NewEvent {
        id: event.id.to_string(),
        shard: event.shard,
        event_type: &event.event.event_type,
        key: &event.event.key,
        body: &event.event.body,
        topics: &event.topics,
    }
}

#[cfg(test)]
mod tests {
    use super::json;
    use crate::{Statement, Value};

    fn statement(sql: &str, params: Vec<Value>) -> Statement {
        Statement {
            sql: sql.to_owned(),
            params,
            expected_changes: Some(1),
        }
    }

    #[test]
    fn parameters_are_elements_of_one_array_with_a_type() {
        let params = vec![
            Value::Text("a\"".to_owned()),
            Value::Null,
            Value::Integer(-5),
            Value::Real(0.1),
        ];
        let statement = statement("INSERT INTO t VALUES ($1, $2, $3, $4)", params);
        assert_eq!(
            json(&[statement], &[]).expect("work"),
            "{\"statements\":[{\"sql\":\"INSERT INTO t VALUES (($1)[1], NULL, ($1)[3]::bigint, ($1)[4]::float8)\",\
             \"params\":[\"a\\\"\",null,\"-5\",\"1e-1\"],\"returns_rows\":false,\"writes\":true,\"expected_changes\":1}],\
             \"events\":[]}"
        );
    }

    #[test]
    fn a_wrong_number_of_parameters_is_refused() {
        let delete = statement("DELETE FROM t WHERE a = $2", vec![Value::Null]);
        assert!(json(&[delete], &[]).is_err());
    }
}
