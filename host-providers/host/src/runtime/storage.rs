//! `dayloom:platform/storage` over [`dayloom_ports::Storage`].

use dayloom_ports::{Event, Statement, StatementOutcome, StorageError, Value};

use super::{
    bindings::dayloom::platform::storage::{self, Error, Host},
    state::State,
};

impl Host for State {
    async fn query(
        &mut self,
        sql: String,
        params: Vec<storage::Value>,
    ) -> wasmtime::Result<Result<Vec<storage::Row>, Error>> {
        let params: Vec<_> = params.into_iter().map(value_in).collect();
        let services = &self.services;
        let rows = services
            .providers
            .storage
            .query(&services.component, &sql, &params)
            .await;
        Ok(rows.map(rows_out).map_err(|error| self.refused(error)))
    }

    async fn commit(
        &mut self,
        statements: Vec<storage::Statement>,
        events: Vec<storage::Event>,
    ) -> wasmtime::Result<Result<Vec<storage::Outcome>, Error>> {
        let statements = statements.into_iter().map(statement_in).collect();
        let events = events.into_iter().map(event_in).collect();
        let services = &self.services;
        let outcomes = services
            .providers
            .storage
            .commit(&services.component, statements, events)
            .await;
        Ok(outcomes.map(outcomes_out).map_err(|error| self.refused(error)))
    }
}

impl State {
    /// The one translation of storage errors. A bug of the component is logged here, because its text is for nobody else.
    fn refused(&self, error: StorageError) -> Error {
        match error {
            StorageError::Conflict(index) => Error::Conflict(index),
            StorageError::Invalid(reason) => {
                let component = &self.services.component;
                tracing::error!(%component, trace_id = %self.call.trace, reason, "storage refused a call as invalid");
                Error::Invalid(reason)
            }
            StorageError::TooLarge(reason) => Error::TooLarge(reason),
            StorageError::Unavailable(reason) => Error::Unavailable(reason),
        }
    }
}

fn value_in(value: storage::Value) -> Value {
    match value {
        storage::Value::Null => Value::Null,
        storage::Value::Integer(number) => Value::Integer(number),
        storage::Value::Real(number) => Value::Real(number),
        storage::Value::Text(text) => Value::Text(text),
    }
}

fn value_out(value: Value) -> storage::Value {
    match value {
        Value::Null => storage::Value::Null,
        Value::Integer(number) => storage::Value::Integer(number),
        Value::Real(number) => storage::Value::Real(number),
        Value::Text(text) => storage::Value::Text(text),
    }
}

fn statement_in(statement: storage::Statement) -> Statement {
    let storage::Statement {
        sql,
        params,
        expected_changes,
    } = statement;
    Statement {
        sql,
        params: params.into_iter().map(value_in).collect(),
        expected_changes,
    }
}

fn event_in(event: storage::Event) -> Event {
    let storage::Event {
        id,
        event_type,
        key,
        body,
    } = event;
    Event {
        id,
        event_type,
        key,
        body,
    }
}

fn rows_out(rows: Vec<Vec<Value>>) -> Vec<storage::Row> {
    rows.into_iter()
        .map(|row| row.into_iter().map(value_out).collect())
        .collect()
}

fn outcomes_out(outcomes: Vec<StatementOutcome>) -> Vec<storage::Outcome> {
    outcomes
        .into_iter()
        .map(|o| storage::Outcome {
            changed: o.changed,
            rows: rows_out(o.rows),
        })
        .collect()
}
