//! PostgreSQL through Spin, whose connections are pooled and come back as they were left: an open transaction would be the
//! next request's. So there is none. A commit is one statement, a function of the database that does all of it.

mod answer;
mod connection;
mod failure;
mod migrate;
mod work;

use std::borrow::Cow;

use dayloom_ports::backoff;
use dayloom_ports::limits::{QUERY_BYTES_MAX, QUERY_ROWS_MAX};

use super::{Allowance, OutboxEvent};
use crate::migrations;
use crate::sql::{Text, Verb};
use crate::{Error, Outcome, Row, Statement, Value};
use answer::Answer;
use connection::Connection;
use failure::Failure;

/// Attempts of a commit that stood in another one's way and gave in: the other one is over by then.
const COMMIT_ATTEMPTS_MAX: u32 = 5;

/// The database of one address.
pub(super) struct Postgres {
    address: String,
}

impl std::fmt::Debug for Postgres {
    /// The address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Postgres {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
        }
    }

    pub(super) fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        let text = Text::read(sql)?;
        if text.verb != Verb::Select {
            return Err(Error::Invalid("a query is a SELECT".to_owned()));
        }
        text.check_params(params.len())?;
        let (sql, given) = typed(&text, params);
        let connection = Connection::open(&self.address)?;
        let rows = match connection.select(&sql, &given) {
            Err(Failure::Missing(_)) => {
                migrate::migrate(&connection, &migrations::postgres()?)?;
                connection.select(&sql, &given)
            }
            answer => answer,
        };
        let rows = rows.map_err(|failure| failure.into_error(0))?;
        Allowance::default().take(&rows)?;
        Ok(rows)
    }

    pub(super) fn commit(&self, statements: &[Statement], events: &[OutboxEvent<'_>]) -> Result<Vec<Outcome>, Error> {
        if statements.is_empty() && events.is_empty() {
            return Ok(vec![]);
        }
        let work = Value::Text(work::json(statements, events)?);
        let parts = migrations::postgres()?;
        let call = format!("SELECT {}($1, $2, $3)", migrate::function(&parts));
        let limits =
            [QUERY_ROWS_MAX, QUERY_BYTES_MAX].map(|max| Value::Integer(i64::try_from(max).unwrap_or(i64::MAX)));
        let [rows_max, bytes_max] = limits;
        let params = [&work, &rows_max, &bytes_max];
        let connection = Connection::open(&self.address)?;
        let mut failures = 0;
        loop {
            let (failure, index) = match connection.call(&call, &params) {
                Ok(rows) => match answer::read(rows)? {
                    Answer::Done(outcomes) => return Ok(outcomes),
                    Answer::Failed(failure, index) => (failure, index),
                },
                // The function is there once the schema is.
                Err(Failure::Missing(_)) if failures == 0 => {
                    migrate::migrate(&connection, &parts)?;
                    failures += 1;
                    continue;
                }
                Err(failure) => (failure, 0),
            };
            match failure {
                Failure::Again(_) if failures < COMMIT_ATTEMPTS_MAX => failures += 1,
                failure => return Err(failure.into_error(index)),
            }
            std::thread::sleep(backoff::pause(failures));
        }
    }
}

/// The text with a type for each parameter, by its value: the server would infer others, which no value might fit. A null
/// has none and is written out.
fn typed<'a>(text: &Text<'_>, params: &'a [Value]) -> (String, Vec<&'a Value>) {
    // The place of each parameter among those that are passed.
    let mut given = vec![];
    let places: Vec<usize> = params
        .iter()
        .map(|value| {
            if *value != Value::Null {
                given.push(value);
            }
            given.len()
        })
        .collect();
    let sql = text.write(|number| match (&params[number - 1], places[number - 1]) {
        (Value::Null, _) => Cow::Borrowed("NULL"),
        (Value::Integer(_), place) => Cow::Owned(format!("${place}::bigint")),
        (Value::Real(_), place) => Cow::Owned(format!("${place}::float8")),
        (Value::Text(_), place) => Cow::Owned(format!("${place}::text")),
    });
    (sql, given)
}

#[cfg(test)]
mod tests {
    use super::typed;
    use crate::Value;
    use crate::sql::Text;

    #[test]
    fn parameters_have_their_values_types_and_nulls_are_written_out() {
        let text = Text::read("SELECT $4, $1, $2, $3, $1").expect("a statement");
        let params = [
            Value::Integer(7),
            Value::Null,
            Value::Real(0.5),
            Value::Text("a".to_owned()),
        ];
        let (sql, given) = typed(&text, &params);
        assert_eq!(sql, "SELECT $3::text, $1::bigint, NULL, $2::float8, $1::bigint");
        assert_eq!(given, [&params[0], &params[2], &params[3]]);
    }
}
