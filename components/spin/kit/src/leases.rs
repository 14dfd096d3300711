//! Leases: who works on something, until when.
//!
//! Nothing outlives a request on Spin, so a lock of the database can not be held while a publisher or a subscriber is waited
//! for. A lease is a column instead. It is measured by the database's own clock, which all instances ask.
//!
//! A lease keeps two instances from doing the same work at once; that is all. Where it fails (a clock that jumps ahead, an
//! instance that stood still for longer than its lease), an event goes out twice. It never goes out of order for the first
//! time: whoever takes over begins with the oldest row that is not settled, and so did the one before.

use std::fmt::Write;

use crate::Dialect;

/// Milliseconds of a lease. Whatever a dead instance held waits for so long, at most.
pub const LEASE_MS: i64 = 30_000;

/// Milliseconds after taking a lease until when a call to a publisher or a subscriber must have ended: what is left of the
/// lease is for settling, on a database that is busy.
pub const WORK_MS_MAX: u64 = 15_000;

/// The place of a subscriber's deliveries among the leases.
pub(crate) const ALL_SHARDS: i64 = 0;
/// The place of a component's timers among the leases.
pub(crate) const TIMERS: i64 = -1;

/// The name of one pass over what waits.
#[derive(Debug, Clone)]
pub(crate) struct Holder(pub(crate) String);

impl Holder {
    /// A name that nobody else has.
    pub(crate) fn new() -> Self {
        Self(format!("{:032x}", fastrand::u128(..)))
    }
}

/// Whether the lease in the row called `row` may be taken.
///
/// One that ends later than a lease that begins now was taken before the clock was set back, maybe by far; nobody must wait
/// for it.
pub(crate) fn is_free(row: &str, dialect: Dialect) -> String {
    let now = dialect.now_ms();
    format!("({row}.held_until <= {now} OR {row}.held_until > {now} + {LEASE_MS})")
}

/// Integers of our own as the inside of an SQL list. They are no parameters, because a statement has at most a hundred.
pub(crate) fn list(numbers: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::new();
    for number in numbers {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{number}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Holder, LEASE_MS, WORK_MS_MAX, list};

    #[test]
    fn work_ends_well_before_its_lease() {
        assert!(i64::try_from(WORK_MS_MAX).is_ok_and(|work| work <= LEASE_MS / 2));
    }

    #[test]
    fn holders_differ_and_lists_are_sql() {
        assert_ne!(Holder::new().0, Holder::new().0);
        assert_eq!(list([3, -1, 7]), "3, -1, 7");
        assert_eq!(list([]), "");
    }
}
