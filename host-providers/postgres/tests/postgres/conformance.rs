//! The suites every provider passes.

use std::sync::Arc;

use dayloom_ports::{JobStore, Storage};

use crate::support::Database;

async fn open_storage() -> (Database, Arc<dyn Storage>) {
    let database = Database::new().await;
    let store = database.store().await;
    (database, store)
}

async fn open_jobs() -> (Database, Arc<dyn JobStore>) {
    let database = Database::new().await;
    let store = database.store().await;
    (database, store)
}

dayloom_ports::storage_conformance!(open_storage);
dayloom_ports::job_store_conformance!(open_jobs);
