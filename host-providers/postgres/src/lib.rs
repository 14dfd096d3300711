//! PostgreSQL behind the platform's storage: [`Storage`](dayloom_ports::Storage), the outbox with its relay, and the
//! [`JobStore`](dayloom_ports::JobStore), in one database that several hosts share.
//!
//! A commit's rows and its events are one transaction (`commit`), sent in one flush where no result decides. Events wait in
//! an outbox until a relay has published them (`relay`). What a component may say in SQL is decided before it reaches the
//! server (`firewall`).
//!
//! # What a component can notice
//! - Text can not contain NUL characters; a parameter that does is `invalid`.
//! - Commits run side by side at the isolation level READ COMMITTED: each statement sees what was committed before it
//!   began. Two commits that change one row take turns, and expected counts are checked against what the first one left.
//! - Text is compared by its bytes, as everywhere: columns of components get the collation `C`, whatever the database's is.
//!
//! The crate knows nothing of wasm and nothing of tasks: components are ids, their tables come from their migrations.

mod catalog;
mod commit;
mod config;
mod connections;
mod error;
mod export;
mod firewall;
mod import;
mod jobs;
mod metrics;
mod migrations;
mod outbox;
mod relay;
mod statement;
mod store;
mod tls;
mod value;
mod waker;

pub use config::{PostgresConfig, TlsMode};
pub use dayloom_sql::transfer::{TableReport, TransferReport};
pub use error::OpenError;
pub use export::export;
pub use import::{TransferError, import};
pub use jobs::JobsOf;
pub use outbox::unpublished;
pub use relay::RelayError;
pub use store::PostgresStore;
