use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// The first rest is at most this: a broker's new leader is there by then, often.
const REST_BASE: Duration = Duration::from_millis(100);

/// No rest is longer than this, so that a broker that is back gets its events soon.
const REST_MAX: Duration = Duration::from_secs(10);

/// How long to wait after the `failures`-th failure in a row: anything up to an exponentially growing bound ("full
/// jitter"), so that what failed together does not come back together.
pub(super) fn pause(failures: u32) -> Duration {
    bound(failures).mul_f64(fastrand::f64())
}

fn bound(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    REST_BASE.saturating_mul(factor).min(REST_MAX)
}

/// Shards that this relay leaves alone for a while, because publishing from them failed.
#[derive(Debug, Default)]
pub(super) struct Rests {
    shards: HashMap<i16, Rest>,
}

#[derive(Debug)]
struct Rest {
    failures: u32,
    until: Instant,
}

impl Rests {
    /// A batch of the shard was published in part or not at all.
    pub(super) fn failed(&mut self, shard: i16) {
        let now = Instant::now();
        let rest = self.shards.entry(shard).or_insert(Rest {
            failures: 0,
            until: now,
        });
        rest.failures += 1;
        rest.until = now + pause(rest.failures);
    }

    /// A batch of the shard was published.
    pub(super) fn succeeded(&mut self, shard: i16) {
        self.shards.remove(&shard);
    }

    /// The shards that rest now.
    pub(super) fn resting(&self) -> Vec<i16> {
        let now = Instant::now();
        let resting = self.shards.iter().filter(|(_, rest)| rest.until > now);
        resting.map(|(shard, _)| *shard).collect()
    }

    /// Time until the next of them is worth a look.
    pub(super) fn next_end(&self) -> Duration {
        let now = Instant::now();
        let ends = self
            .shards
            .values()
            .map(|rest| rest.until.saturating_duration_since(now));
        ends.filter(|left| !left.is_zero()).min().unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{REST_MAX, Rests, bound, pause};

    #[test]
    fn rests_double_up_to_the_cap() {
        let bounds: Vec<u128> = (1..=9).map(|failures| bound(failures).as_millis()).collect();
        assert_eq!(bounds, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(bound(u32::MAX), REST_MAX);
        assert!((0..1_000).all(|_| pause(3) <= bound(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shard_rests_until_its_time_or_a_success() {
        let mut rests = Rests::default();
        for _ in 0..8 {
            rests.failed(3);
        }
        let wait = rests.next_end();
        assert!(wait <= REST_MAX && rests.resting() == [3]);
        tokio::time::advance(wait).await;
        assert!(rests.resting().is_empty());
        rests.failed(3);
        rests.succeeded(3);
        assert!(rests.resting().is_empty());
    }
}
