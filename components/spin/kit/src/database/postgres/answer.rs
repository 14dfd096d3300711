//! What the database's function answers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::failure::Failure;
use crate::{Error, Outcome, Row, Value};

/// What became of a commit.
#[derive(Debug)]
pub(super) enum Answer {
    /// It is durable.
    Done(Vec<Outcome>),
    /// Nothing of it happened, because of that statement.
    Failed(Failure, u32),
}

/// Reads the one cell of the answer.
///
/// # Errors
/// A statement returned what no value can be, or the function is another one than ours.
pub(super) fn read(rows: Vec<Row>) -> Result<Answer, Error> {
    match rows.into_iter().next().and_then(|row| row.into_iter().next()) {
        Some(Value::Text(text)) => parse(&text).map_err(|error| Error::Invalid(format!("returned rows: {error}"))),
        _ => Err(Error::Unavailable("the commit has no answer".to_owned())),
    }
}

fn parse(text: &str) -> Result<Answer, serde_json::Error> {
    let answer: Json = serde_json::from_str(text)?;
    Ok(match answer {
        Json::Outcomes(outcomes) => Answer::Done(outcomes.into_iter().map(Into::into).collect()),
        Json::Failed(Failed {
            statement,
            code,
            message,
        }) => Answer::Failed(Failure::of(&code, &message), statement),
    })
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Json {
    Outcomes(Vec<JsonOutcome>),
    Failed(Failed),
}

#[derive(serde::Deserialize)]
struct JsonOutcome {
    changed: u64,
    rows: Vec<JsonRow>,
}

#[derive(serde::Deserialize)]
struct Failed {
    statement: u32,
    code: String,
    message: String,
}

impl From<JsonOutcome> for Outcome {
    fn from(outcome: JsonOutcome) -> Self {
        Self {
            changed: outcome.changed,
            rows: outcome.rows.into_iter().map(|JsonRow(row)| row).collect(),
        }
    }
}

/// A row as an object. Its members are the columns in order, and two of one name are two.
struct JsonRow(Row);

impl<'de> Deserialize<'de> for JsonRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = JsonRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<JsonRow, A::Error> {
                let mut row = vec![];
                while let Some(serde::de::IgnoredAny) = members.next_key()? {
                    row.push(cell(members.next_value()?).map_err(A::Error::custom)?);
                }
                Ok(JsonRow(row))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// A real without a fraction comes back as an integer: JSON has one kind of number, and the server writes 1 for 1.0.
fn cell(json: serde_json::Value) -> Result<Value, &'static str> {
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Integer(truth.into()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::Integer(integer),
            // An integer between what fits and twice that is not to become an inexact one.
            (None, Some(real)) if !number.is_u64() => Value::Real(real),
            _ => return Err("a number out of range"),
        },
        serde_json::Value::String(text) => Value::Text(text),
        // A cell of JSON.
        nested => Value::Text(nested.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::{Answer, Failure, parse};
    use crate::{Outcome, Value};

    #[test]
    fn rows_keep_their_order_and_columns_of_one_name() {
        let text = r#"{"outcomes":[{"changed":2,"rows":[{"b":"é\n","a":-1,"b":null},{"b":true,"a":0.5,"b":[1]}]}]}"#;
        let Answer::Done(outcomes) = parse(text).expect("an answer") else {
            panic!("outcomes")
        };
        let rows = vec![
            vec![Value::Text("é\n".to_owned()), Value::Integer(-1), Value::Null],
            vec![Value::Integer(1), Value::Real(0.5), Value::Text("[1]".to_owned())],
        ];
        assert_eq!(outcomes, [Outcome { changed: 2, rows }]);
    }

    #[test]
    fn a_failure_names_its_statement() {
        let text = r#"{"failed":{"statement":3,"code":"23505","message":"duplicate key"}}"#;
        let Answer::Failed(failure, index) = parse(text).expect("an answer") else {
            panic!("a failure")
        };
        assert_eq!((failure, index), (Failure::Violation, 3));
    }

    #[test]
    fn a_number_that_no_value_can_be_is_refused() {
        let row = |number: &str| format!(r#"{{"outcomes":[{{"changed":0,"rows":[{{"n":{number}}}]}}]}}"#);
        assert!(parse(&row("9223372036854775807")).is_ok());
        assert!(parse(&row("9223372036854775808")).is_err());
    }
}
