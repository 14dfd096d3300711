use std::time::{SystemTime, UNIX_EPOCH};

use dayloom_ports::TimestampMs;

/// The wall clock; the epoch itself if the clock stands before it.
pub(crate) fn now_ms() -> TimestampMs {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}
