use std::collections::HashMap;
use std::time::Duration;

use dayloom_ports::backoff::pause;
use tokio::time::Instant;

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
    use dayloom_ports::backoff::BACKOFF_MAX;

    use super::Rests;

    #[tokio::test(start_paused = true)]
    async fn a_shard_rests_until_its_time_or_a_success() {
        let mut rests = Rests::default();
        for _ in 0..8 {
            rests.failed(3);
        }
        let wait = rests.next_end();
        assert!(wait <= BACKOFF_MAX && rests.resting() == [3]);
        tokio::time::advance(wait).await;
        assert!(rests.resting().is_empty());
        rests.failed(3);
        rests.succeeded(3);
        assert!(rests.resting().is_empty());
    }
}
