use std::{collections::VecDeque, sync::Arc};

use dayloom_ports::live::Position;

use crate::message::Recent;

/// Bytes a reader takes at once (and one message more): what a connection holds beside the history.
const BATCH_BYTES: usize = 64 * 1024;

/// Who numbers the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// The history itself, without gaps.
    Own,
    /// A log that several gateways read. One user's numbers have gaps, and a client may have seen more on another gateway
    /// than has come here yet.
    Shared,
}

/// The recent messages of one user, oldest first.
#[derive(Debug)]
pub(crate) struct History {
    numbering: Numbering,
    epoch: u64,
    /// Number of the newest message ever; where the history began before the first.
    latest: u64,
    /// Every message after this number is here.
    floor: u64,
    messages: VecDeque<Arc<Recent>>,
    weight: usize,
}

impl History {
    /// Nobody else's, and numbered by itself from 1.
    pub(crate) fn new() -> Self {
        let start = Position {
            epoch: fastrand::u64(..),
            number: 0,
        };
        Self::after_position(Numbering::Own, start)
    }

    /// A part of a log, everything after `start`.
    pub(crate) fn of_log(start: Position) -> Self {
        Self::after_position(Numbering::Shared, start)
    }

    fn after_position(numbering: Numbering, start: Position) -> Self {
        Self {
            numbering,
            epoch: start.epoch,
            latest: start.number,
            floor: start.number,
            messages: VecDeque::new(),
            weight: 0,
        }
    }

    pub(crate) fn latest(&self) -> Position {
        self.position(self.latest)
    }

    pub(crate) fn position(&self, number: u64) -> Position {
        Position {
            epoch: self.epoch,
            number,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn has_event(&self, event_id: &str) -> bool {
        // A repeat follows its first soon, so look from the newest.
        self.messages.iter().rev().any(|message| message.event_id() == event_id)
    }

    /// Returns the new message's weight. `order` is its place among the messages of all users.
    pub(crate) fn push(&mut self, order: u64, event_id: String, body: &str) -> usize {
        self.push_as(self.latest + 1, order, event_id, body)
    }

    /// As [`push`](Self::push), with the number the log gave it: greater than any before.
    pub(crate) fn push_as(&mut self, number: u64, order: u64, event_id: String, body: &str) -> usize {
        self.latest = number;
        let message = Recent::new(self.latest(), order, event_id, body);
        let weight = message.weight();
        self.weight += weight;
        self.messages.push_back(Arc::new(message));
        weight
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<Arc<Recent>> {
        let oldest = self.messages.pop_front()?;
        self.weight -= oldest.weight();
        self.floor = oldest.number();
        Some(oldest)
    }

    /// Whether every message after `position` is still here.
    pub(crate) fn reaches_back_to(&self, position: Position) -> bool {
        let is_known = self.numbering == Numbering::Shared || position.number <= self.latest;
        position.epoch == self.epoch && position.number >= self.floor && is_known
    }

    /// The next messages after `number`, empty if there is none, nothing if some are gone.
    pub(crate) fn after(&self, number: u64) -> Option<Vec<Arc<Recent>>> {
        if !self.reaches_back_to(self.position(number)) {
            return None;
        }
        let taken = self.messages.partition_point(|message| message.number() <= number);
        let mut bytes = 0;
        let within = |message: &&Arc<Recent>| {
            let fits = bytes < BATCH_BYTES;
            bytes += message.weight();
            fits
        };
        Some(self.messages.range(taken..).take_while(within).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use dayloom_ports::live::Position;

    use super::{BATCH_BYTES, History};

    fn numbers(history: &History, after: u64) -> Option<Vec<u64>> {
        Some(history.after(after)?.iter().map(|message| message.number()).collect())
    }

    #[test]
    fn a_reader_gets_what_follows_or_learns_that_it_is_gone() {
        let mut history = History::new();
        assert_eq!(numbers(&history, 0), Some(vec![]));
        for id in ["a", "b", "c"] {
            history.push(0, id.into(), "{}");
        }
        assert_eq!(numbers(&history, 0), Some(vec![1, 2, 3]));
        assert_eq!(numbers(&history, 2), Some(vec![3]));
        assert_eq!(numbers(&history, 4), None, "never sent");

        history.pop_oldest();
        assert_eq!(numbers(&history, 0), None, "message 1 fell out");
        assert_eq!(numbers(&history, 1), Some(vec![2, 3]));
        assert!(!history.has_event("a"));
        assert!(history.has_event("b"));

        history.pop_oldest();
        history.pop_oldest();
        assert!(history.pop_oldest().is_none());
        assert_eq!((history.weight(), history.len()), (0, 0));
        assert_eq!(numbers(&history, 3), Some(vec![]));
        assert_eq!(numbers(&history, 2), None);
    }

    #[test]
    fn another_epoch_is_another_history() {
        let history = History::new();
        let Position { epoch, number } = history.latest();
        assert!(history.reaches_back_to(Position { epoch, number }));
        assert!(!history.reaches_back_to(Position { epoch: !epoch, number }));
        assert!(!history.reaches_back_to(Position {
            epoch,
            number: u64::MAX
        }));
    }

    #[test]
    fn a_part_of_a_log_has_gaps_and_knows_where_it_begins() {
        let at = |number| Position { epoch: 7, number };
        let mut history = History::of_log(at(40));
        assert_eq!(history.latest(), at(40));
        for number in [42, 50] {
            history.push_as(number, 0, number.to_string(), "{}");
        }
        assert_eq!(numbers(&history, 39), None, "from before it begins");
        assert_eq!(numbers(&history, 40), Some(vec![42, 50]));
        assert_eq!(numbers(&history, 45), Some(vec![50]), "another user's message");
        assert_eq!(numbers(&history, 60), Some(vec![]), "seen elsewhere, not here yet");
        history.pop_oldest();
        assert_eq!((numbers(&history, 41), numbers(&history, 42)), (None, Some(vec![50])));
    }

    #[test]
    fn a_batch_is_bounded_by_bytes() {
        let mut history = History::new();
        let body = format!("\"{}\"", "x".repeat(BATCH_BYTES / 4));
        for n in 0..10 {
            history.push(0, n.to_string(), &body);
        }
        assert_eq!(numbers(&history, 0), Some(vec![1, 2]));
        assert_eq!(numbers(&history, 2), Some(vec![3, 4]));
    }
}
