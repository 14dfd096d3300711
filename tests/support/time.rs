use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};

/// How long anything asynchronous may take before a test calls it lost. Far above what it takes, for loaded machines.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until `probe` gives something, and panics with `what` when patience ends.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, probe: impl FnMut() -> F) -> T {
    eventually_within(PATIENCE, what, probe).await
}

/// The same with another patience, for what waits for the time-outs of others.
pub async fn eventually_within<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(begun.elapsed() < patience, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The wall clock, in milliseconds since the Unix epoch, UTC.
pub fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// Milliseconds since the Unix epoch as RFC 3339.
pub fn rfc3339(ms: i64) -> String {
    let instant = DateTime::from_timestamp_millis(ms).expect("an instant of our days");
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// RFC 3339 as milliseconds since the Unix epoch.
pub fn epoch_ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).expect("RFC 3339").timestamp_millis()
}

/// Waits until the wall clock shows `ms` since the Unix epoch, or later.
pub async fn until_ms(ms: i64) {
    while now_ms() < ms {
        let left = u64::try_from(ms - now_ms()).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(left)).await;
    }
}
