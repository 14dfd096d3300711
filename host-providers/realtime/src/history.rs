use std::{collections::VecDeque, sync::Arc};

use crate::message::{Position, Recent};

/// Bytes a reader takes at once (and one message more): what a connection holds beside the history.
const BATCH_BYTES: usize = 64 * 1024;

/// The recent messages of one user, oldest first, numbered without gaps.
#[derive(Debug)]
pub(crate) struct History {
    epoch: u64,
    /// Number of the newest message ever; 0 before the first.
    latest: u64,
    messages: VecDeque<Arc<Recent>>,
    weight: usize,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            epoch: fastrand::u64(..),
            latest: 0,
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
        self.latest += 1;
        let message = Recent::new(self.latest(), order, event_id, body);
        let weight = message.weight();
        self.weight += weight;
        self.messages.push_back(Arc::new(message));
        weight
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<Arc<Recent>> {
        let oldest = self.messages.pop_front()?;
        self.weight -= oldest.weight();
        Some(oldest)
    }

    /// Whether every message after `position` is still here.
    pub(crate) fn reaches_back_to(&self, position: Position) -> bool {
        let oldest = self
            .messages
            .front()
            .map_or(self.latest + 1, |message| message.number());
        position.epoch == self.epoch && position.number <= self.latest && position.number + 1 >= oldest
    }

    /// The next messages after `number`, empty if there is none, nothing if some are gone.
    pub(crate) fn after(&self, number: u64) -> Option<Vec<Arc<Recent>>> {
        if !self.reaches_back_to(self.position(number)) {
            return None;
        }
        let missing = usize::try_from(self.latest - number).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let within = |message: &&Arc<Recent>| {
            let fits = bytes < BATCH_BYTES;
            bytes += message.weight();
            fits
        };
        Some(
            self.messages
                .range(self.messages.len() - missing..)
                .take_while(within)
                .cloned()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES, History};
    use crate::message::Position;

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
