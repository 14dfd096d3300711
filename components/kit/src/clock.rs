use std::time::{SystemTime, UNIX_EPOCH};

use dayloom_domain::Timestamp;
use uuid::Uuid;

/// Milliseconds since the Unix epoch, UTC, by the host's wall clock.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The same as the domain's type.
pub fn now() -> Timestamp {
    Timestamp::from_ms(now_ms())
}

/// A new UUIDv7 (RFC 9562): unique, and in the order of its making, which keeps database indexes compact.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
