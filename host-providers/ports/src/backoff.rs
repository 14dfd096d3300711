//! How long what failed waits before it is tried again: events of a subscriber, and what an outbox could not publish.

use std::time::Duration;

/// The first pause is at most this: a conflict between two writers is over by then, and often a broker has a new leader.
const BACKOFF_BASE: Duration = Duration::from_millis(100);

/// No pause is longer than this, so that whoever is back is met soon.
pub const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// How long to wait after the `failures`-th failure in a row: anything up to an exponentially growing bound ("full
/// jitter"), so that what failed together does not come back together.
pub fn pause(failures: u32) -> Duration {
    bound(failures).mul_f64(fastrand::f64())
}

fn bound(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    BACKOFF_BASE.saturating_mul(factor).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::{BACKOFF_MAX, bound, pause};

    #[test]
    fn pauses_double_up_to_the_cap() {
        let bounds: Vec<u128> = (1..=9).map(|failures| bound(failures).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(bound(u32::MAX), BACKOFF_MAX);
    }

    #[test]
    fn jitter_stays_below_the_bound() {
        assert!((0..1_000).all(|_| pause(3) <= bound(3)));
    }
}
