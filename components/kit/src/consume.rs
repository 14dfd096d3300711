//! Consuming events: many deliveries, one commit, and each event's effect at most once.

use crate::clock;
use crate::storage::{Commit, StorageError, Value, expecting};

/// One event on its way to this component; see `handler.delivery` in WIT.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The topic it came by.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// CloudEvents structured JSON, from anyone.
    pub body: Vec<u8>,
}

/// What became of one delivery; see `handler.outcome` in WIT.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Durable, or nothing to do.
    Done,
    /// Not now.
    Retry(String),
    /// Never.
    Reject(String),
}

/// Exports `handler` for a component of [`crate::component!`]: `$handle` takes `Vec<Delivery>` and returns as many [`Outcome`]s.
#[macro_export]
macro_rules! handler {
    ($component:ident, $handle:path) => {
        impl bindings::exports::dayloom::platform::handler::Guest for $component {
            fn handle(
                deliveries: Vec<bindings::exports::dayloom::platform::handler::Delivery>,
            ) -> Vec<bindings::exports::dayloom::platform::handler::Outcome> {
                use bindings::exports::dayloom::platform::handler::Outcome;
                let deliveries = deliveries
                    .into_iter()
                    .map(|d| $crate::consume::Delivery {
                        topic: d.topic,
                        key: d.key,
                        attempt: d.attempt,
                        body: d.body,
                    })
                    .collect();
                $handle(deliveries)
                    .into_iter()
                    .map(|outcome| match outcome {
                        $crate::consume::Outcome::Done => Outcome::Done,
                        $crate::consume::Outcome::Retry(reason) => Outcome::Retry(reason),
                        $crate::consume::Outcome::Reject(reason) => Outcome::Reject(reason),
                    })
                    .collect()
            }
        }
    };
}

/// Statements in one batch's commit at most; a quarter of what the platform takes, so that one event's never overflow it.
const BATCH_STATEMENTS_MAX: usize = 250;

/// Puts the effects of many events into as few commits as possible.
///
/// `effect` makes one delivery's commit; its **first** statement must be the one that fails when the event was handled
/// before ([`once`], or an insert of a row keyed by the event's id with one expected change). When a shared commit meets a
/// conflict, the events are taken one by one, and the one that was there before is `Done` without an effect.
pub fn in_few_commits(deliveries: &[Delivery], effect: impl Fn(&Delivery) -> Result<Commit, Outcome>) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::Done; deliveries.len()];
    let mut shared = Commit::default();
    let mut members = Vec::new();
    for (index, delivery) in deliveries.iter().enumerate() {
        match effect(delivery) {
            Err(outcome) => outcomes[index] = outcome,
            Ok(commit) => {
                if !members.is_empty() && shared.statements.len() + commit.statements.len() > BATCH_STATEMENTS_MAX {
                    settle(
                        std::mem::take(&mut shared),
                        &std::mem::take(&mut members),
                        deliveries,
                        &effect,
                        &mut outcomes,
                    );
                }
                shared.statements.extend(commit.statements);
                shared.events.extend(commit.events);
                members.push(index);
            }
        }
    }
    settle(shared, &members, deliveries, &effect, &mut outcomes);
    outcomes
}

fn settle(
    shared: Commit,
    members: &[usize],
    deliveries: &[Delivery],
    effect: &impl Fn(&Delivery) -> Result<Commit, Outcome>,
    outcomes: &mut [Outcome],
) {
    if members.is_empty() || (shared.statements.is_empty() && shared.events.is_empty()) {
        return;
    }
    let failure = match shared.apply() {
        Ok(_) => return,
        Err(failure) => failure,
    };
    if let [only] = members {
        outcomes[*only] = alone(failure);
    } else if let StorageError::Unavailable(reason) = failure {
        members
            .iter()
            .for_each(|member| outcomes[*member] = Outcome::Retry(reason.clone()));
    } else {
        for member in members {
            // Made anew, because an effect may depend on what the one before it wrote.
            outcomes[*member] = match effect(&deliveries[*member]) {
                Err(outcome) => outcome,
                Ok(commit) => commit.apply().map_or_else(alone, |_| Outcome::Done),
            };
        }
    }
}

/// What a failed commit of one event means.
fn alone(failure: StorageError) -> Outcome {
    match failure {
        StorageError::Conflict(0) => Outcome::Done,
        StorageError::Conflict(index) => Outcome::Retry(format!("lost a race at statement {index}")),
        StorageError::Unavailable(reason) => Outcome::Retry(reason),
        StorageError::Invalid(reason) | StorageError::TooLarge(reason) => Outcome::Reject(reason),
    }
}

/// The inbox row of an event: the first statement of its effect. `table` is the component's own inbox.
pub fn once(table: &'static str, event_id: &str) -> crate::storage::Statement {
    expecting(
        1,
        format!("INSERT INTO {table} (event_id, seen_at) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING"),
        vec![Value::from(event_id), Value::from(clock::now_ms())],
    )
}

/// How long an inbox remembers an event: twice the log's retention, so that nothing still deliverable is forgotten.
pub const INBOX_RETENTION_MS: i64 = 14 * 24 * 3_600 * 1_000;

/// The statement that forgets inbox rows older than [`INBOX_RETENTION_MS`].
pub fn forget(table: &'static str) -> crate::storage::Statement {
    crate::storage::statement(
        format!("DELETE FROM {table} WHERE seen_at < $1"),
        vec![Value::from(clock::now_ms() - INBOX_RETENTION_MS)],
    )
}
