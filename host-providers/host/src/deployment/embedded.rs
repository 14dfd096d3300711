//! Nothing to install: SQLite holds tables, events and timers, and the rest is in this process.

use std::{path::Path, sync::Arc};

use dayloom_memory::MemoryKeyValue;
use dayloom_realtime_gateway::Gateway;
use dayloom_scheduler::TimerScheduler;
use dayloom_sqlite::{SqliteConfig, SqliteStore};

use super::{Deployment, OpenError, gateway, grants, subscriptions, ticking};
use crate::{config::Config, manifest::Manifest, runtime::Providers};

pub(super) fn open(config: &Config, manifest: &Manifest, data: &Path) -> Result<Deployment, OpenError> {
    let store = SqliteStore::open(storage(manifest, data))?;
    let scheduler = Arc::new(TimerScheduler::new(store.clone()));
    let gateway = Gateway::new(gateway(config));
    Ok(Deployment {
        providers: Providers {
            storage: store.clone(),
            keyvalue: Arc::new(MemoryKeyValue::new()),
            scheduler: scheduler.clone(),
            broadcast: Arc::new(gateway.clone()),
            events: None,
        },
        gateway,
        parts: vec![
            Box::new(|sink, stop| Box::pin(async move { Ok(store.dispatch(sink, stop).await?) })),
            ticking(scheduler, manifest),
        ],
    })
}

/// What the manifest says of storage and events.
pub fn storage(manifest: &Manifest, data: &Path) -> SqliteConfig {
    SqliteConfig {
        grants: grants(manifest),
        topic_map: manifest.topics.clone(),
        subscriptions: subscriptions(manifest),
        ..SqliteConfig::new(data, &manifest.migrations)
    }
}
