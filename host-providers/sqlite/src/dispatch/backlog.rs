//! What one lane has read and not yet settled, and the rules by which outcomes settle it. Without IO, clock or chance.
//!
//! - The cursor stands before the first event of the log that is not settled, wherever later ones stand.
//! - `retry` keeps the event at the front, and nothing new is read before it is settled ("ahead of later events of its
//!   partition"). Events behind it that were handled are settled, unless they have its key: those are delivered again
//!   after it, so that a component always sees the order of a key last.
//! - An event that failed is delivered alone. One that makes the component fail for its whole batch is found by that, and
//!   does not take its neighbours to the dead letters with it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use dayloom_ports::limits::REASON_BYTES_MAX;
use dayloom_ports::{Delivery, Outcome, TimestampMs};

use crate::log::LogEntry;

/// Where a pending event came from, so what has to be written down when it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Log,
    /// A dead letter, by its id, that somebody wants replayed.
    DeadLetter(i64),
}

/// An event that has no final outcome yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) entry: Arc<LogEntry>,
    pub(super) topic: String,
    pub(super) origin: Origin,
    /// Attempts that ended in `retry` or `reject`.
    pub(super) failures: u32,
    /// When the first of them did; 0 before.
    pub(super) first_failed_at: TimestampMs,
}

/// An event that the subscriber will not get any more.
#[derive(Debug)]
pub(super) struct Dead {
    pub(super) pending: Pending,
    /// At most [`REASON_BYTES_MAX`] bytes.
    pub(super) reason: String,
}

/// What one call settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) done: usize,
    pub(super) retried: usize,
    pub(super) rejected: usize,
    pub(super) dead: Vec<Dead>,
    /// Dead letters that were replayed successfully.
    pub(super) replayed: Vec<i64>,
    /// How often the first event that has to be repeated has failed.
    pub(super) failures: Option<u32>,
}

pub(super) struct Backlog {
    pending: VecDeque<Pending>,
    /// Everything of the partition up to here is settled or pending.
    scanned: u64,
    batch: usize,
    attempts_max: u32,
}

impl Backlog {
    pub(super) fn new(cursor: u64, batch: usize, attempts_max: u32) -> Self {
        Self {
            pending: VecDeque::new(),
            scanned: cursor,
            batch,
            attempts_max,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// How far the partition was read.
    pub(super) fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Everything up to here is settled.
    pub(super) fn cursor(&self) -> u64 {
        let first = self.pending.iter().find(|pending| pending.origin == Origin::Log);
        first.map_or(self.scanned, |pending| pending.entry.position - 1)
    }

    /// Adds the next part of the log.
    pub(super) fn extend(&mut self, pending: impl IntoIterator<Item = Pending>, scanned: u64) {
        self.pending.extend(pending);
        self.scanned = scanned;
    }

    /// Adds a dead letter behind what is pending.
    pub(super) fn replay(&mut self, pending: Pending) {
        self.pending.push_back(pending);
    }

    /// The next call.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        let delivery = |pending: &Pending| Delivery {
            topic: pending.topic.clone(),
            key: pending.entry.key.clone(),
            attempt: pending.failures + 1,
            body: pending.entry.body.clone().into_bytes(),
        };
        self.pending.iter().take(self.called()).map(delivery).collect()
    }

    /// Deliveries in the next call.
    fn called(&self) -> usize {
        let fresh = self
            .pending
            .iter()
            .take(self.batch)
            .take_while(|pending| pending.failures == 0)
            .count();
        fresh.max(1).min(self.pending.len())
    }

    /// Applies the outcomes of the last [`Self::deliveries`]. A wrong number of them counts as `retry` for all.
    pub(super) fn settle(&mut self, outcomes: Vec<Outcome>, now: TimestampMs) -> Settled {
        let called = self.called();
        let outcomes = if outcomes.len() == called {
            outcomes
        } else {
            let reason = format!("{} outcomes for {called} deliveries", outcomes.len());
            vec![Outcome::Retry(reason); called]
        };
        let mut settled = Settled::default();
        let mut kept = Vec::new();
        let mut held_keys = HashSet::new();
        let delivered: Vec<Pending> = self.pending.drain(..called).collect();
        for (mut pending, outcome) in delivered.into_iter().zip(outcomes) {
            let is_held = held_keys.contains(&pending.entry.key);
            match outcome {
                Outcome::Retry(reason) => {
                    settled.retried += 1;
                    pending.fail(now);
                    if pending.failures >= self.attempts_max && !is_held {
                        settled.dead.push(Dead::new(pending, reason));
                    } else {
                        held_keys.insert(pending.entry.key.clone());
                        kept.push(pending);
                    }
                }
                Outcome::Done | Outcome::Reject(_) if is_held => kept.push(pending),
                Outcome::Reject(reason) => {
                    settled.rejected += 1;
                    pending.fail(now);
                    settled.dead.push(Dead::new(pending, reason));
                }
                Outcome::Done => {
                    settled.done += 1;
                    if let Origin::DeadLetter(id) = pending.origin {
                        settled.replayed.push(id);
                    }
                }
            }
        }
        settled.failures = kept.first().map(|pending| pending.failures);
        for pending in kept.into_iter().rev() {
            self.pending.push_front(pending);
        }
        settled
    }
}

impl Pending {
    fn fail(&mut self, now: TimestampMs) {
        self.failures += 1;
        if self.first_failed_at == 0 {
            self.first_failed_at = now;
        }
    }
}

impl Dead {
    fn new(pending: Pending, mut reason: String) -> Self {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        Self { pending, reason }
    }
}

#[cfg(test)]
mod tests;
