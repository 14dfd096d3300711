use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use dayloom_ports::TimestampMs;

/// The longest sleep before the wall clock is read again. It bounds how late a timer runs after the clock was set forward
/// or the machine slept, and four looks at a clock a second cost nothing.
const STEP: Duration = Duration::from_millis(250);

/// What time it is, and waiting. Injected so that tests need not wait.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock. May jump in either direction.
    fn now(&self) -> TimestampMs;
    /// Waits by the monotonic clock.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> TimestampMs {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimestampMs::try_from(since_epoch.as_millis()).unwrap_or(TimestampMs::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Sleeps towards `at`, but only so far that the wall clock can still be trusted.
pub(crate) async fn step_towards(clock: &dyn Clock, at: TimestampMs) {
    let remaining = Duration::from_millis(at.saturating_sub(clock.now()));
    clock.sleep(remaining.min(STEP)).await;
}

/// Waits until the wall clock shows `at` or later.
pub(crate) async fn until(clock: &dyn Clock, at: TimestampMs) {
    while clock.now() < at {
        step_towards(clock, at).await;
    }
}
