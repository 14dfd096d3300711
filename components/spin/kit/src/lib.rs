//! What the Spin adapters share: the deployment's settings, the database and its tables, the application's manifest, and
//! calls to the sidecar.
//!
//! # Invariants
//! - Nothing outlives a request: every fact is in the database, in the manifest, or in a setting.
//! - A commit is one statement on PostgreSQL, and one transaction of a connection of its own on SQLite: a request that is
//!   dropped in between leaves nothing half done, and nothing locked.

mod adapter;
mod application;
#[doc(hidden)]
pub mod bindings;
mod cells;
mod clock;
mod database;
pub mod deliveries;
pub mod http;
pub mod jobs;
mod leases;
mod migrations;
pub mod outbox;
mod settings;
mod sidecar;
mod sql;
pub mod ticks;
mod timers;

pub use application::{Application, ApplicationError, Service};
pub use clock::{now_ms, sleep_ms};
pub use database::{Database, Dialect, SHARDS};
pub use dayloom_ports::{
    Event, Row, Statement, StatementOutcome as Outcome, StorageError as Error, Subscription, TopicMap, Value, limits,
};

pub use leases::{LEASE_MS, WORK_MS_MAX};
pub use settings::{Settings, SidecarSettings};
pub use sidecar::{Sidecar, SidecarError, encoded};
pub use sql::check_component_text;
pub use timers::TimersLease;

#[doc(hidden)]
pub use {wasip2, wit_bindgen};
