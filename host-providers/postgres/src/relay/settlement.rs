//! What follows from a publisher's results. Without IO.

use std::collections::HashSet;

use dayloom_ports::PublishError;
use dayloom_ports::limits::REASON_BYTES_MAX;

/// Where a row of the outbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: i16,
    pub(super) position: i64,
}

/// What to do with the rows of a batch. Rows that are not named stay.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settlement {
    pub(super) published: Vec<Place>,
    /// With the reason, at most [`REASON_BYTES_MAX`] bytes.
    pub(super) dead: Vec<(Place, String)>,
    /// Shards with a row that was not taken, and why.
    pub(super) failed: Vec<(i16, String)>,
    /// Rows that stay.
    pub(super) kept: usize,
}

/// Settles rows, given as place and key in order. After a row that was not taken, all later ones of its key stay too,
/// whatever became of them: published again, they are behind it.
pub(super) fn settle(rows: &[(Place, &str)], results: Vec<Result<(), PublishError>>) -> Settlement {
    let mut settlement = Settlement::default();
    let mut held = HashSet::new();
    let results = if results.len() == rows.len() {
        results
    } else {
        let reason = format!("{} results for {} records", results.len(), rows.len());
        vec![Err(PublishError::Unavailable(reason)); rows.len()]
    };
    for ((place, key), result) in rows.iter().zip(results) {
        match result {
            Err(PublishError::Unavailable(reason)) => {
                held.insert(*key);
                settlement.kept += 1;
                if settlement.failed.iter().all(|(shard, _)| *shard != place.shard) {
                    settlement.failed.push((place.shard, reason));
                }
            }
            _ if held.contains(key) => settlement.kept += 1,
            Ok(()) => settlement.published.push(*place),
            Err(PublishError::Invalid(mut reason)) => {
                reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
                settlement.dead.push((*place, reason));
            }
        }
    }
    settlement
}

#[cfg(test)]
mod tests {
    use dayloom_ports::PublishError;

    use super::{Place, settle};

    fn place(position: i64) -> Place {
        let shard = i16::try_from(position % 2).expect("it is small");
        Place { shard, position }
    }

    fn away() -> Result<(), PublishError> {
        Err(PublishError::Unavailable("away".to_owned()))
    }

    #[test]
    fn what_comes_after_a_failure_of_its_key_stays() {
        let rows = [
            (place(2), "a"),
            (place(3), "b"),
            (place(4), "a"),
            (place(5), "b"),
            (place(6), "c"),
        ];
        let invalid = || Err(PublishError::Invalid("ä".repeat(1_000)));
        let settlement = settle(&rows, vec![away(), invalid(), invalid(), Ok(()), Ok(())]);
        assert_eq!(settlement.published, [place(5), place(6)]);
        assert_eq!(settlement.dead, [(place(3), "ä".repeat(512))]);
        assert_eq!(settlement.failed, [(0, "away".to_owned())]);
        assert_eq!(settlement.kept, 2);
    }

    #[test]
    fn a_wrong_number_of_results_settles_nothing() {
        let rows = [(place(2), "a"), (place(3), "b")];
        let settlement = settle(&rows, vec![Ok(())]);
        assert_eq!((settlement.kept, settlement.failed.len()), (2, 2));
        assert!(settlement.published.is_empty() && settlement.dead.is_empty());
    }
}
