//! The suites every provider passes.

use std::sync::Arc;

use dayloom_ports::{JobStore, Storage};
use tempfile::TempDir;

use crate::support;

async fn open_storage() -> (TempDir, Arc<dyn Storage>) {
    let (dir, store) = support::open();
    (dir, store)
}

async fn open_jobs() -> (TempDir, Arc<dyn JobStore>) {
    let (dir, store) = support::open();
    (dir, store)
}

dayloom_ports::storage_conformance!(open_storage);
dayloom_ports::job_store_conformance!(open_jobs);
