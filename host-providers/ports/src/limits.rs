//! Limits that every provider of an interface keeps, so that a component meets the same ones wherever it runs.

use std::time::Duration;

/// Rows one query may return. A page is at most 200; a hundredfold leaves room for sweeps.
pub const QUERY_ROWS_MAX: usize = 10_000;
/// Bytes of cells one query may return: half of what an instance's memory limit leaves free.
pub const QUERY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Parameters of one statement.
pub const STATEMENT_PARAMS_MAX: usize = 100;
/// Statements in one commit: a batch of 100 events with ten rows each.
pub const COMMIT_STATEMENTS_MAX: usize = 1_000;
/// Events in one commit.
pub const COMMIT_EVENTS_MAX: usize = 1_000;
/// Bytes of parameters and event bodies in one commit.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of one event body: a task's largest form twice (new and previous), within Kafka's default 1 MiB record.
pub const EVENT_BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an ordering key.
pub const EVENT_KEY_BYTES_MAX: usize = 128;
/// Bytes of a retry or reject reason that are kept.
pub const REASON_BYTES_MAX: usize = 1024;
/// Bytes of a job's name.
pub const JOB_NAME_BYTES_MAX: usize = 128;
/// Bytes of a job's payload.
pub const JOB_PAYLOAD_BYTES_MAX: usize = 4 * 1024;
/// Attempts of one job before only the sweep is left.
pub const JOB_ATTEMPTS_MAX: u32 = 10;
/// Messages in one broadcast call.
pub const BROADCAST_MESSAGES_MAX: usize = 1_000;
/// Bytes of a broadcast message's body.
pub const BROADCAST_BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a key-value key, and of a bucket's name.
pub const KEYVALUE_KEY_BYTES_MAX: usize = 256;
/// Bytes of a key-value value: a cached document, not a file.
pub const KEYVALUE_VALUE_BYTES_MAX: usize = 64 * 1024;
/// Keys in one page of a listing.
pub const KEYVALUE_PAGE_KEYS_MAX: usize = 1_000;
/// How long an entry is kept after its last write: four times the longest rate window and the life of an access token.
pub const KEYVALUE_KEPT: Duration = Duration::from_secs(60 * 60);
