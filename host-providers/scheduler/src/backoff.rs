use std::time::Duration;

/// After the first failure: long enough for a lock or a restarting neighbour to pass.
const FIRST: Duration = Duration::from_secs(1);
/// However many attempts there are. Ten of them span four to nine minutes.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// How long to wait after `failures` (at least 1): doubling from a second to five minutes, the upper half of it random so
/// that timers that failed together do not come back together.
pub(crate) fn after(failures: u32) -> Duration {
    let doubled = FIRST
        .saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)))
        .min(LONGEST);
    doubled / 2 + doubled.mul_f64(fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn waits_double_up_to_a_limit() {
        for (failures, longest_s) in [
            (1, 1.0),
            (2, 2.0),
            (5, 16.0),
            (9, 256.0),
            (10, 300.0),
            (u32::MAX, 300.0),
        ] {
            for _ in 0..100 {
                let wait = after(failures).as_secs_f64();
                assert!(
                    (longest_s / 2.0..=longest_s).contains(&wait),
                    "{failures} failures: {wait} s"
                );
            }
        }
    }
}
