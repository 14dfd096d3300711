//! What is sent together, and what follows from how it went. Without IO.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use dayloom_ports::backoff;
use dayloom_spin_kit::deliveries::{Delivery, Verdict};
use dayloom_spin_kit::limits::REASON_BYTES_MAX;

/// Splits rows into rounds in which each key comes once, in order. What follows an event of its key is not sent before that
/// one is known to have arrived, so it can not overtake it.
pub(super) fn rounds<K: Hash + Eq>(keys: impl IntoIterator<Item = K>) -> Vec<Vec<usize>> {
    let mut seen: HashMap<K, usize> = HashMap::new();
    let mut rounds: Vec<Vec<usize>> = vec![];
    for (index, key) in keys.into_iter().enumerate() {
        let round = seen.entry(key).and_modify(|round| *round += 1).or_insert(0);
        if rounds.len() == *round {
            rounds.push(vec![]);
        }
        rounds[*round].push(index);
    }
    rounds
}

/// How many rows, from the first, go into one delivery. What failed before goes alone: if it is an event that takes its
/// subscriber's instance with it, no other one must suffer for it.
pub(super) fn together(failures: impl IntoIterator<Item = u32>) -> usize {
    let mut count = 0;
    for failures in failures {
        match (count, failures) {
            (_, 0) => count += 1,
            (0, _) => return 1,
            _ => break,
        }
    }
    count
}

/// What a subscriber made of one event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// Handled.
    Done,
    /// Not now, and why.
    Again(String),
    /// Never, and why.
    Never(String),
}

/// One verdict for each row: those behind the replies were not delivered.
pub(super) fn verdicts(
    rows: &[Delivery],
    replies: Vec<Reply>,
    attempts_max: impl Fn(&Delivery) -> u32,
) -> Vec<Verdict> {
    let mut held = HashSet::new();
    let mut replies = replies.into_iter();
    let verdict = |row: &Delivery| {
        let failures = row.failures.saturating_add(1);
        let verdict = match replies.next() {
            None => Verdict::Held,
            // Delivered again, it is behind the one before it.
            Some(_) if held.contains(&*row.key) => Verdict::Held,
            Some(Reply::Done) => Verdict::Done,
            Some(Reply::Again(_)) if failures < attempts_max(row) => Verdict::Again {
                after_ms: i64::try_from(backoff::pause(failures).as_millis()).unwrap_or(0),
            },
            Some(Reply::Again(mut reason) | Reply::Never(mut reason)) => {
                reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
                Verdict::Dead { reason }
            }
        };
        if let Verdict::Again { .. } = verdict {
            held.insert(row.key.clone());
        }
        verdict
    };
    rows.iter().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::deliveries::{AGAIN_MS_MAX, Delivery, Verdict};

    use super::{Reply, rounds, together, verdicts};

    #[test]
    fn a_key_comes_once_a_round() {
        assert_eq!(
            rounds(["a", "b", "a", "c", "a", "b"]),
            [vec![0, 1, 3], vec![2, 5], vec![4]]
        );
        assert!(rounds::<&str>([]).is_empty());
    }

    #[test]
    fn what_failed_goes_alone() {
        assert_eq!(together([0, 0, 0]), 3);
        assert_eq!(together([0, 0, 2, 0]), 2);
        assert_eq!(together([1, 0, 0]), 1);
        assert_eq!(together([]), 0);
    }

    fn row(position: i64, key: &str, failures: u32) -> Delivery {
        Delivery {
            shard: 0,
            position,
            failures,
            event_type: "t".to_owned(),
            topic: "a".to_owned(),
            key: key.to_owned(),
            body: "{}".to_owned(),
        }
    }

    #[test]
    fn a_key_waits_for_its_first_event() {
        let rows = [
            row(1, "a", 0),
            row(2, "b", 0),
            row(3, "a", 0),
            row(4, "c", 0),
            row(5, "c", 0),
        ];
        let replies = vec![
            Reply::Again("away".to_owned()),
            Reply::Done,
            Reply::Done,
            Reply::Never("bad".to_owned()),
        ];
        let verdicts = verdicts(&rows, replies, |_| 8);
        assert!(matches!(verdicts[0], Verdict::Again { after_ms } if (0..=AGAIN_MS_MAX).contains(&after_ms)));
        let rest = [
            Verdict::Done,
            Verdict::Held,
            Verdict::Dead {
                reason: "bad".to_owned(),
            },
            Verdict::Held,
        ];
        assert_eq!(verdicts[1..], rest);
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        let reply = || vec![Reply::Again("ä".repeat(1_000))];
        assert!(matches!(
            verdicts(&[row(1, "a", 6)], reply(), |_| 8)[0],
            Verdict::Again { .. }
        ));
        let reason = "ä".repeat(512);
        assert_eq!(verdicts(&[row(1, "a", 7)], reply(), |_| 8), [Verdict::Dead { reason }]);
    }
}
