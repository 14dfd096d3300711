//! What was read of one partition and is not yet settled, and the rules by which outcomes settle it. Without IO or chance.
//!
//! - The position to commit stands before the first record that is not settled, wherever later ones stand.
//! - `retry` holds back its key alone: later records of the key wait behind it until it is settled, others go on, up to
//!   [`WINDOW_RECORDS_MAX`] records past the first unsettled one. While [`HELD_KEYS_MAX`] keys are held back nothing
//!   fresh goes out: a component that can not take anything must not be handed everything, only to bury it.
//! - Records of its key that were handled in the same call are handed over again after it, so that a component always
//!   sees the order of a key last.
//! - A record that failed is delivered alone. One that makes the component fail for its whole batch is found by that, and
//!   does not take its neighbours to the dead letters with it.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use dayloom_ports::limits::REASON_BYTES_MAX;
use dayloom_ports::{Delivery, Outcome, TimestampMs};

use super::record::Record;

/// Records of a partition that are read ahead of the first unsettled one. Also what one crash can repeat.
pub(super) const WINDOW_RECORDS_MAX: usize = 1_024;

/// Bytes of those among them that are pending, and one more record.
pub(super) const WINDOW_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Keys of a partition that wait for a retry at a time.
pub(super) const HELD_KEYS_MAX: usize = 16;

/// A record that has no final outcome yet.
#[derive(Debug)]
struct Pending {
    record: Record,
    /// Attempts that ended in `retry` or `reject`.
    failures: u32,
    /// When the first of them did; 0 before.
    first_failed_at: TimestampMs,
    /// Not before this, after a failure.
    due: Option<Instant>,
}

#[derive(Debug)]
enum State {
    Pending(Box<Pending>),
    /// On its way to the dead letters.
    Dying,
    Settled,
}

#[derive(Debug)]
struct Entry {
    offset: i64,
    state: State,
}

/// A record that the subscriber will not get any more, once it is a dead letter.
#[derive(Debug, Clone)]
pub(super) struct Dead {
    /// For [`Backlog::buried`].
    pub(super) number: u64,
    pub(super) record: Record,
    /// At most [`REASON_BYTES_MAX`] bytes.
    pub(super) reason: String,
    pub(super) failures: u32,
    pub(super) first_failed_at: TimestampMs,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Hand these over. The numbers are for [`Backlog::settle`].
    Call(Vec<u64>, Vec<Delivery>),
    /// Wait for a record, or until a retry is due.
    Wait(Option<Instant>),
}

/// What one call settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) done: usize,
    pub(super) retried: usize,
    pub(super) rejected: usize,
    pub(super) dead: Vec<Dead>,
}

#[derive(Debug)]
pub(super) struct Backlog {
    /// In the order of the partition; the first is not settled.
    entries: VecDeque<Entry>,
    /// The number of the first entry. Numbers and not offsets: those start again if a topic is made anew.
    first: u64,
    /// The offset to commit when nothing is unsettled; none before the first record.
    end: Option<i64>,
    /// Bytes of the records that are pending.
    bytes: usize,
    batch: usize,
    attempts_max: u32,
}

impl Backlog {
    pub(super) fn new(batch: usize, attempts_max: u32) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            end: None,
            bytes: 0,
            batch,
            attempts_max,
        }
    }

    /// Everything before this offset is settled; none if nothing was read.
    pub(super) fn position(&self) -> Option<i64> {
        self.entries.front().map(|entry| entry.offset).or(self.end)
    }

    /// Whether reading should pause.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= WINDOW_RECORDS_MAX || self.bytes >= WINDOW_BYTES_MAX
    }

    /// Whether reading should go on after a pause: at half, so that it does not stop and go for single records.
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() <= WINDOW_RECORDS_MAX / 2 && self.bytes <= WINDOW_BYTES_MAX / 2
    }

    /// Adds the next record of the partition.
    pub(super) fn push(&mut self, record: Record) {
        self.bytes += record.bytes();
        self.end = Some(record.offset + 1);
        self.entries.push_back(Entry {
            offset: record.offset,
            state: State::Pending(Box::new(Pending {
                record,
                failures: 0,
                first_failed_at: 0,
                due: None,
            })),
        });
    }

    /// Passes over a record that is not wanted.
    pub(super) fn skip(&mut self, offset: i64) {
        self.end = Some(offset + 1);
        if !self.entries.is_empty() {
            self.entries.push_back(Entry {
                offset,
                state: State::Settled,
            });
        }
    }

    /// The next call: a record whose retry is due, alone, or fresh ones up to the batch.
    pub(super) fn next(&self, now: Instant) -> Next {
        let mut held: HashSet<&str> = HashSet::new();
        let (mut numbers, mut deliveries) = (Vec::new(), Vec::new());
        let mut wake: Option<Instant> = None;
        let may_start = self.held_keys() < HELD_KEYS_MAX;
        for (number, pending) in self.pending() {
            let key = pending.record.key.as_str();
            if held.contains(key) {
                continue;
            }
            if let Some(due) = pending.due {
                if due <= now && deliveries.is_empty() {
                    return Next::Call(vec![number], vec![pending.delivery()]);
                }
                held.insert(key);
                wake = Some(wake.map_or(due, |wake| wake.min(due)));
            } else if may_start {
                numbers.push(number);
                deliveries.push(pending.delivery());
                if deliveries.len() == self.batch {
                    break;
                }
            }
        }
        if deliveries.is_empty() {
            Next::Wait(wake)
        } else {
            Next::Call(numbers, deliveries)
        }
    }

    fn pending(&self) -> impl Iterator<Item = (u64, &Pending)> {
        (self.first..)
            .zip(&self.entries)
            .filter_map(|(number, entry)| match &entry.state {
                State::Pending(pending) => Some((number, &**pending)),
                State::Dying | State::Settled => None,
            })
    }

    fn held_keys(&self) -> usize {
        let failed = self.pending().filter(|(_, pending)| pending.due.is_some());
        failed
            .map(|(_, pending)| pending.record.key.as_str())
            .collect::<HashSet<_>>()
            .len()
    }

    /// Applies the outcomes of a [`Next::Call`]. A wrong number of them counts as `retry` for all. `pause` says how long
    /// to wait after so many failures.
    pub(super) fn settle(
        &mut self,
        numbers: &[u64],
        outcomes: Vec<Outcome>,
        (now, wall): (Instant, TimestampMs),
        pause: impl Fn(u32) -> Duration,
    ) -> Settled {
        let outcomes = if outcomes.len() == numbers.len() {
            outcomes
        } else {
            let reason = format!("{} outcomes for {} deliveries", outcomes.len(), numbers.len());
            vec![Outcome::Retry(reason); numbers.len()]
        };
        let mut settled = Settled::default();
        let mut held = HashSet::new();
        let attempts_max = self.attempts_max;
        for (&number, outcome) in numbers.iter().zip(outcomes) {
            let Some(State::Pending(pending)) = self.state(number) else {
                continue;
            };
            let is_held = held.contains(&pending.record.key);
            match outcome {
                Outcome::Retry(reason) => {
                    settled.retried += 1;
                    pending.fail(wall);
                    if pending.failures >= attempts_max && !is_held {
                        settled.dead.extend(self.kill(number, reason));
                    } else {
                        pending.due = Some(now + pause(pending.failures));
                        held.insert(pending.record.key.clone());
                    }
                }
                Outcome::Done | Outcome::Reject(_) if is_held => {}
                Outcome::Reject(reason) => {
                    settled.rejected += 1;
                    pending.fail(wall);
                    settled.dead.extend(self.kill(number, reason));
                }
                Outcome::Done => {
                    settled.done += 1;
                    self.bury(number);
                }
            }
        }
        self.trim();
        settled
    }

    /// A dead letter is written down: its record is settled.
    pub(super) fn buried(&mut self, number: u64) {
        self.bury(number);
        self.trim();
    }

    fn state(&mut self, number: u64) -> Option<&mut State> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(index).map(|entry| &mut entry.state)
    }

    fn kill(&mut self, number: u64, mut reason: String) -> Option<Dead> {
        let State::Pending(pending) = std::mem::replace(self.state(number)?, State::Dying) else {
            return None;
        };
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        let Pending {
            record,
            failures,
            first_failed_at,
            ..
        } = *pending;
        self.bytes -= record.bytes();
        Some(Dead {
            number,
            record,
            reason,
            failures,
            first_failed_at,
        })
    }

    fn bury(&mut self, number: u64) {
        let Some(state) = self.state(number) else { return };
        if let State::Pending(pending) = std::mem::replace(state, State::Settled) {
            self.bytes -= pending.record.bytes();
        }
    }

    fn trim(&mut self) {
        while self
            .entries
            .front()
            .is_some_and(|entry| matches!(entry.state, State::Settled))
        {
            self.entries.pop_front();
            self.first += 1;
        }
    }
}

impl Pending {
    fn delivery(&self) -> Delivery {
        Delivery {
            topic: self.record.source.topic.clone(),
            key: self.record.key.clone(),
            attempt: self.failures + 1,
            body: self.record.body.clone(),
        }
    }

    fn fail(&mut self, now: TimestampMs) {
        self.failures += 1;
        if self.first_failed_at == 0 {
            self.first_failed_at = now;
        }
    }
}

#[cfg(test)]
mod tests;
