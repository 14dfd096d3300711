//! What follows from a handler's outcomes. Without IO.

use std::collections::HashSet;

use dayloom_spin_kit::limits::REASON_BYTES_MAX;

use crate::answer::Status;

/// An event before the handler was asked.
#[derive(Debug, PartialEq)]
pub(super) enum Arrival<'a> {
    /// It should not have come here.
    Unexpected(String),
    /// It is no event.
    Malformed(String),
    /// Its type is none that the component wants.
    Unwanted,
    /// It is for the handler.
    Wanted {
        /// Its ordering key; empty if it has none.
        key: &'a str,
    },
}

/// One outcome for each arrival, in order; `handle` gets at most `batch` indexes at once.
///
/// After an event that comes again, the later ones of its key come again too, so that they are behind it. Those of other keys
/// go on.
pub(super) fn settle(
    arrivals: &[Arrival<'_>],
    batch: usize,
    mut handle: impl FnMut(&[usize]) -> Vec<(Status, Option<String>)>,
) -> Vec<(Status, Option<String>)> {
    let mut outcomes: Vec<(Status, Option<String>)> = arrivals
        .iter()
        .map(|arrival| match arrival {
            Arrival::Unexpected(reason) => (Status::Retry, Some(reason.clone())),
            Arrival::Malformed(reason) => (Status::Drop, Some(reason.clone())),
            Arrival::Unwanted | Arrival::Wanted { .. } => (Status::Success, None),
        })
        .collect();
    let wanted: Vec<(usize, &str)> = arrivals
        .iter()
        .enumerate()
        .filter_map(|(index, arrival)| match arrival {
            Arrival::Wanted { key } => Some((index, *key)),
            _ => None,
        })
        .collect();
    let mut held = HashSet::new();
    for part in wanted.chunks(batch) {
        let indexes: Vec<usize> = part
            .iter()
            .filter(|(_, key)| !held.contains(key))
            .map(|(index, _)| *index)
            .collect();
        let mut handled = if indexes.is_empty() { vec![] } else { handle(&indexes) };
        if handled.len() != indexes.len() {
            let reason = format!("{} outcomes for {} events", handled.len(), indexes.len());
            handled = vec![(Status::Retry, Some(reason)); indexes.len()];
        }
        let mut handled = handled.into_iter();
        for (index, key) in part {
            let outcome = match indexes.contains(index) {
                true => handled.next(),
                false => None,
            };
            outcomes[*index] = match outcome {
                Some(outcome) if !held.contains(key) => outcome,
                _ => (
                    Status::Retry,
                    Some("it is behind an event of its key that comes again".to_owned()),
                ),
            };
            if outcomes[*index].0 == Status::Retry && !key.is_empty() {
                held.insert(*key);
            }
        }
    }
    for (_, reason) in &mut outcomes {
        if let Some(reason) = reason {
            reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::{Arrival, settle};
    use crate::answer::Status;

    fn wanted(key: &str) -> Arrival<'_> {
        Arrival::Wanted { key }
    }

    fn statuses(outcomes: &[(Status, Option<String>)]) -> Vec<Status> {
        outcomes.iter().map(|(status, _)| *status).collect()
    }

    fn again() -> (Status, Option<String>) {
        (Status::Retry, Some("away".to_owned()))
    }

    #[test]
    fn what_is_not_for_the_handler_is_settled_without_it() {
        let arrivals = [
            Arrival::Unexpected("x".to_owned()),
            Arrival::Malformed("y".repeat(5_000)),
            Arrival::Unwanted,
        ];
        let outcomes = settle(&arrivals, 10, |_| unreachable!("nothing to handle"));
        assert_eq!(statuses(&outcomes), [Status::Retry, Status::Drop, Status::Success]);
        assert_eq!(outcomes[1].1.as_ref().map(String::len), Some(1_024));
    }

    #[test]
    fn later_events_of_a_key_wait_for_the_one_that_comes_again() {
        let arrivals = [wanted("a"), wanted("b"), wanted("a"), wanted("a"), wanted("b")];
        let mut calls = vec![];
        let outcomes = settle(&arrivals, 3, |indexes| {
            calls.push(indexes.to_vec());
            match calls.len() {
                1 => vec![again(), (Status::Success, None), (Status::Success, None)],
                _ => vec![(Status::Drop, None)],
            }
        });
        assert_eq!(calls, [vec![0, 1, 2], vec![4]]);
        let again = Status::Retry;
        assert_eq!(
            statuses(&outcomes),
            [again, Status::Success, again, again, Status::Drop]
        );
    }

    #[test]
    fn events_without_a_key_have_no_order() {
        let outcomes = settle(&[wanted(""), wanted("")], 2, |_| vec![again(), (Status::Success, None)]);
        assert_eq!(statuses(&outcomes), [Status::Retry, Status::Success]);
    }

    #[test]
    fn a_wrong_number_of_outcomes_settles_nothing() {
        let outcomes = settle(&[wanted("a"), wanted("b")], 2, |_| vec![(Status::Success, None)]);
        assert_eq!(statuses(&outcomes), [Status::Retry, Status::Retry]);
    }
}
