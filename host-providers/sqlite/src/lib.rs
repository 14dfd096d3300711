//! The embedded provider: [`Storage`](dayloom_ports::Storage), the event log with its dispatcher, dead letters and the
//! [`JobStore`](dayloom_ports::JobStore) in one SQLite file.
//!
//! A commit's rows and its events are one SQLite transaction, so there is no outbox and no relay. One thread owns the
//! writing connection and puts whatever is queued into one transaction (`writer`); readers run on connections of their
//! own (`readers`). What a component may say in SQL is decided by SQLite's own authorizer (`firewall`). Committed events
//! are handed over by one lane per subscriber and partition (`dispatch`).
//!
//! The crate knows nothing of wasm and nothing of tasks: components are ids, their tables come from their migrations.

mod backup;
mod budget;
mod checkpoints;
mod config;
mod connection;
mod data_dir;
mod dead_letters;
mod dispatch;
mod error;
mod export;
mod firewall;
mod group;
mod import;
mod jobs;
mod log;
mod metrics;
mod migrations;
mod queue;
mod readers;
mod request;
mod session;
mod store;
mod time;
mod writer;

pub use backup::{BackupError, backup};
pub use config::{LOG_RETENTION_DEFAULT, SqliteConfig};
pub use dayloom_ports::Grant;
pub use dayloom_sql::transfer::{TableReport, TransferReport};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub use error::OpenError;
pub use export::export;
pub use import::{TransferError, import};
pub use log::PARTITIONS;
pub use store::SqliteStore;
