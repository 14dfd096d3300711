//! The platform interfaces of `dayloom:platform@0.1.0` as Rust traits.
//!
//! A provider implements these and knows nothing of wasm; a host calls these and knows nothing of the provider. The
//! promises (order, repeats, limits) are those of the WIT documentation; what is said here is only what Rust adds.

pub mod backoff;
mod broadcast;
#[cfg(feature = "conformance")]
pub mod conformance;
mod events;
mod grant;
mod keyvalue;
pub mod limits;
pub mod live;
mod scheduler;
mod storage;

pub use broadcast::{Broadcast, BroadcastError, Message};
pub use events::{Delivery, EventPublisher, EventSink, Outcome, PublishError, Record, Replay, Subscription, TopicMap};
pub use grant::Grant;
pub use keyvalue::{KeyValue, KeyValueError};
pub use scheduler::{Job, JobSink, JobStore, Scheduler, SchedulerError};
pub use storage::{Event, Row, Statement, StatementOutcome, Storage, StorageError, Value};

use std::sync::Arc;

/// A component's id in the application manifest, such as `tasks`. Also its consumer group.
pub type ComponentId = Arc<str>;

/// Milliseconds since the Unix epoch, UTC.
pub type TimestampMs = u64;
