//! One commit: every statement, every event, or nothing.
//!
//! Everything goes to the server in one flush: `BEGIN`, the statements, the outbox, and `COMMIT` too if no result decides
//! between it and `ROLLBACK`. A result decides if a statement has an expected count that it does not fulfil by itself, or
//! returns rows, which have a limit. A statement that fails makes the server skip what follows and turn the `COMMIT` into a
//! `ROLLBACK`, so nothing of a failed commit is ever left.
//!
//! If the connection is lost before the answer to `COMMIT`, nobody knows whether it was applied: `Unavailable`, as the
//! interface says.

use std::sync::Arc;

use dayloom_ports::{Event, Statement, StatementOutcome, TopicMap};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::connections::Lease;
use crate::error::SqlError;
use crate::firewall::{CheckedText, Kind};
use crate::outbox::{self, NewRows};
use crate::statement::{ResultAllowance, prepare, run};

/// A commit within its limits, its texts allowed.
pub(crate) struct Commit<'a> {
    pub(crate) statements: &'a [Statement],
    pub(crate) texts: Vec<Arc<CheckedText>>,
    pub(crate) events: &'a [Event],
    pub(crate) event_ids: &'a [Uuid],
    pub(crate) topic_map: &'a TopicMap,
}

/// What went wrong, and with which statement.
pub(crate) type Failure = (SqlError, u32);

/// What one part of the flush came to: rows that its command counted, and rows that it returned.
type Answer = Result<(u64, Vec<dayloom_ports::Row>), SqlError>;

impl Commit<'_> {
    /// Applies it on a connection, which goes back if nothing is under way on it.
    pub(crate) async fn apply(&self, lease: Lease) -> Result<Vec<StatementOutcome>, Failure> {
        let (result, is_clean) = match self.flush(&lease).await {
            Ok(outcomes) => (Ok(outcomes), true),
            // The server has answered everything that was sent, but the transaction may be open.
            Err(failure @ (SqlError::Violation | SqlError::Invalid(_), _)) => {
                let rolled_back = lease.batch_execute("ROLLBACK").await;
                (Err(failure), rolled_back.is_ok())
            }
            Err(failure) => (Err(failure), false),
        };
        if is_clean {
            lease.give_back();
        }
        result
    }

    async fn flush(&self, lease: &Lease) -> Result<Vec<StatementOutcome>, Failure> {
        let prepared = self.prepare(lease).await?;
        let allowance = ResultAllowance::default();
        let new_rows = NewRows::new(self.event_ids, self.events, self.topic_map);
        let outbox_params = new_rows.params();
        let is_decided = !self
            .statements
            .iter()
            .zip(&self.texts)
            .any(|(s, text)| decides(s, text));

        let mut parts: Vec<BoxFuture<'_, Answer>> = vec![command(lease, "BEGIN")];
        for (statement, prepared) in self.statements.iter().zip(&prepared) {
            parts.push(run(lease, prepared, &statement.params, &allowance).boxed());
        }
        if let Some(insert) = prepared.get(self.statements.len()) {
            parts.push(insert_events(lease, insert, &outbox_params));
        }
        if is_decided {
            parts.push(command(lease, "COMMIT"));
        }
        let outcomes = self.judge(in_order(parts).await)?;
        if !is_decided {
            lease
                .batch_execute("COMMIT")
                .await
                .map_err(|error| (error.into(), self.event_index()))?;
        }
        Ok(outcomes)
    }

    /// Prepares what this connection has not prepared yet: the statements, then the outbox if there are events.
    async fn prepare(&self, lease: &Lease) -> Result<Vec<tokio_postgres::Statement>, Failure> {
        let mut prepared = Vec::with_capacity(self.statements.len() + 1);
        for (index, (statement, text)) in (0..).zip(self.statements.iter().zip(&self.texts)) {
            let statement = prepare(lease, text, &statement.params).await;
            prepared.push(statement.map_err(|error| (error, index))?);
        }
        if !self.events.is_empty() {
            let insert = lease.prepare(outbox::INSERT, &[]).await;
            prepared.push(insert.map_err(|error| (error.into(), self.event_index()))?);
        }
        Ok(prepared)
    }

    /// What the answers mean: the first one that is not as it has to be decides.
    fn judge(&self, answers: Vec<Answer>) -> Result<Vec<StatementOutcome>, Failure> {
        let mut answers = answers.into_iter();
        if let Some(Err(error)) = answers.next() {
            return Err((error, 0));
        }
        let mut outcomes = Vec::with_capacity(self.statements.len());
        for (index, (statement, text)) in (0..).zip(self.statements.iter().zip(&self.texts)) {
            let answer = answers.next().unwrap_or(Err(SqlError::Aborted));
            let (counted, rows) = answer.map_err(|error| (error, index))?;
            // A query's command counts the rows it returns.
            let changed = if text.kind == Kind::Query { 0 } else { counted };
            if statement.expected_changes.is_some_and(|expected| expected != changed) {
                return Err((SqlError::Violation, index));
            }
            outcomes.push(StatementOutcome { changed, rows });
        }
        for answer in answers {
            answer.map_err(|error| (error, self.event_index()))?;
        }
        Ok(outcomes)
    }

    /// The index that stands for an event's id in a conflict.
    fn event_index(&self) -> u32 {
        u32::try_from(self.statements.len()).unwrap_or(u32::MAX)
    }
}

/// Whether this statement's result can mean that the commit is not to be.
fn decides(statement: &Statement, text: &CheckedText) -> bool {
    text.returns_rows || (statement.expected_changes.is_some() && statement.expected_changes != text.certain_changes)
}

fn command<'a>(lease: &'a Lease, sql: &'static str) -> BoxFuture<'a, Answer> {
    async move {
        lease.batch_execute(sql).await?;
        Ok((0, Vec::new()))
    }
    .boxed()
}

fn insert_events<'a>(
    lease: &'a Lease,
    insert: &'a tokio_postgres::Statement,
    params: &'a [&'a (dyn ToSql + Sync)],
) -> BoxFuture<'a, Answer> {
    async move { Ok((lease.execute(insert, params).await?, Vec::new())) }.boxed()
}

/// Sends all parts before waiting for the first answer; the connection keeps their order.
///
/// A request is put on the connection when its future is polled for the first time, and its answer comes only after those
/// before it were taken, so polling once around and then waiting for one after the other is all there is to it. Stops at
/// an answer that is too large: the connection is closed then, instead of reading on.
async fn in_order(mut parts: Vec<BoxFuture<'_, Answer>>) -> Vec<Answer> {
    let mut first_looks = Vec::with_capacity(parts.len());
    for part in &mut parts {
        first_looks.push(part.as_mut().now_or_never());
    }
    let mut answers = Vec::with_capacity(parts.len());
    for (part, first_look) in parts.into_iter().zip(first_looks) {
        let answer = match first_look {
            Some(answer) => answer,
            None => part.await,
        };
        let is_too_large = matches!(answer, Err(SqlError::TooLarge(_)));
        answers.push(answer);
        if is_too_large {
            break;
        }
    }
    answers
}
