//! When signing keys come and go. A pure function of their dates and of now.
//!
//! A key is published before it signs, so that verifiers know it by the time they meet it, and stays published after its
//! successor took over, until its last token has ended:
//!
//! ```text
//! created ── published ──▶ signs_from ── signs ──▶ successor's signs_from ── published ──▶ deleted
//!           PUBLISHED_AHEAD_MS                                              PUBLISHED_AFTER_MS
//! ```

use crate::settings::ACCESS_TOKEN_SECONDS_MAX;

/// Age at which a key gets a successor: 30 days.
const ROTATION_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// How long a successor is published before it signs: a verifier's cache (5 minutes) filled from a proxy's cache (5
/// minutes) may be that old, and 5 minutes of margin.
const PUBLISHED_AHEAD_MS: i64 = 15 * 60 * 1_000;
/// How long an instance may go on signing with the key it knows.
pub(crate) const SIGNER_AGE_MS_MAX: i64 = 60 * 1_000;
/// Clock difference between instances and verifiers that is allowed for: 5 minutes.
const CLOCK_SKEW_MS: i64 = 5 * 60 * 1_000;
/// How long a key stays published once its successor signs: until the last token it can have signed has ended everywhere.
const PUBLISHED_AFTER_MS: i64 = SIGNER_AGE_MS_MAX + ACCESS_TOKEN_SECONDS_MAX * 1_000 + CLOCK_SKEW_MS;

/// One key's dates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyDates {
    /// The `kid`.
    pub(crate) id: String,
    /// 1 for the first key, and one more for each that follows.
    pub(crate) generation: i64,
    /// Milliseconds since the Unix epoch, UTC.
    pub(crate) created_at: i64,
    /// From when it signs.
    pub(crate) signs_from: i64,
}

/// What is to be done about the keys.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Plan {
    /// The next key to make: its generation, and from when it signs.
    pub(crate) make: Option<(i64, i64)>,
    /// Keys that nobody needs any more.
    pub(crate) delete: Vec<String>,
}

/// What is due at `now_ms`, for keys in any order. Harmless to carry out twice: a generation can only be made once.
///
/// No key at all is no reason to make one here; the first is made when it is needed.
pub(crate) fn plan(keys: &[KeyDates], now_ms: i64) -> Plan {
    let newest = keys.iter().max_by_key(|key| key.generation);
    let make = newest
        .filter(|newest| newest.created_at + ROTATION_MS <= now_ms)
        .map(|newest| (newest.generation + 1, now_ms + PUBLISHED_AHEAD_MS));
    let delete = keys
        .iter()
        .filter(|key| retired_at(key, keys).is_some_and(|at| at + PUBLISHED_AFTER_MS <= now_ms))
        .map(|key| key.id.clone())
        .collect();
    Plan { make, delete }
}

/// When a later key took over, or will.
fn retired_at(key: &KeyDates, keys: &[KeyDates]) -> Option<i64> {
    keys.iter()
        .filter(|other| other.generation > key.generation)
        .map(|successor| successor.signs_from)
        .min()
}

#[cfg(test)]
mod tests {
    use super::{KeyDates, PUBLISHED_AFTER_MS, PUBLISHED_AHEAD_MS, Plan, ROTATION_MS, plan};

    fn key(generation: i64, created_at: i64, signs_from: i64) -> KeyDates {
        KeyDates {
            id: format!("k{generation}"),
            generation,
            created_at,
            signs_from,
        }
    }

    #[test]
    fn nothing_is_due_without_keys_or_with_a_young_one() {
        assert_eq!(plan(&[], 0), Plan::default());
        assert_eq!(plan(&[key(1, 0, 0)], ROTATION_MS - 1), Plan::default());
    }

    #[test]
    fn an_old_key_gets_one_successor_that_is_published_ahead() {
        let now = ROTATION_MS;
        let first = key(1, 0, 0);
        let made = plan(std::slice::from_ref(&first), now);
        assert_eq!(made.make, Some((2, now + PUBLISHED_AHEAD_MS)));
        assert!(made.delete.is_empty());
        // Once it is there, nothing more is due, neither before it signs nor just after.
        let both = [first, key(2, now, now + PUBLISHED_AHEAD_MS)];
        assert_eq!(plan(&both, now + 1), Plan::default());
        assert_eq!(plan(&both, now + PUBLISHED_AHEAD_MS + 1), Plan::default());
    }

    #[test]
    fn an_old_key_is_published_until_its_last_token_has_ended() {
        let takes_over = 5_000;
        let keys = [key(2, 1_000, takes_over), key(1, 0, 0)];
        assert!(plan(&keys, takes_over + PUBLISHED_AFTER_MS - 1).delete.is_empty());
        assert_eq!(plan(&keys, takes_over + PUBLISHED_AFTER_MS).delete, ["k1"]);
    }

    #[test]
    fn a_key_that_an_urgent_successor_overtook_goes_with_the_one_before() {
        // The second was made ahead; the encryption key changed before it signed, and the third signs at once.
        let keys = [key(1, 0, 0), key(2, 100, 900_100), key(3, 200, 200)];
        assert_eq!(plan(&keys, 200 + PUBLISHED_AFTER_MS).delete, ["k1", "k2"]);
        assert!(plan(&keys, 199 + PUBLISHED_AFTER_MS).delete.is_empty());
    }

    #[test]
    fn the_newest_key_is_never_deleted() {
        let plan = plan(&[key(1, 0, 0), key(2, 0, 0)], 100 * ROTATION_MS);
        assert_eq!(plan.delete, ["k1"]);
        assert!(plan.make.is_some());
    }
}
