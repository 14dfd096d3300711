//! Who serves the platform's interfaces: what is `embedded`, or the `servers` that several hosts share. Decided by the
//! configuration alone.

mod embedded;
mod live;
mod servers;

use std::{path::Path, sync::Arc};

use dayloom_kafka::ConsumeError;
use dayloom_ports::{Grant, StorageError, Subscription};
use dayloom_postgres::RelayError;
use dayloom_realtime_gateway::{Feed, Gateway, GatewayConfig};
use dayloom_redis::RedisLog;
use dayloom_scheduler::{CronEntry, TimerScheduler};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError},
    manifest::{Component, Manifest},
    runtime::{Components, Providers},
};

/// Why what serves the interfaces can not be opened. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The embedded database.
    #[error(transparent)]
    Sqlite(#[from] dayloom_sqlite::OpenError),
    /// PostgreSQL.
    #[error("postgres: {0}")]
    Postgres(#[from] dayloom_postgres::OpenError),
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] dayloom_kafka::OpenError),
    /// Redis.
    #[error(transparent)]
    Redis(#[from] dayloom_redis::ConfigError),
}

/// Why a part of a running host ended though nobody asked.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Events can not be handed over any more.
    #[error("event delivery ended: {0}")]
    Dispatch(#[from] StorageError),
    /// Events can not be taken from Kafka any more.
    #[error("event delivery ended: {0}")]
    Consume(#[from] ConsumeError),
    /// Events can not be published any more.
    #[error("publishing of events ended: {0}")]
    Relay(#[from] RelayError),
    /// A part of the host has nothing more to do, which is a mistake.
    #[error("a part of the host ended though nobody asked it to")]
    Ended,
    /// A part of the host panicked.
    #[error("a part of the host failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Something that runs beside the serving of requests, until the token is cancelled.
pub type Part = Box<dyn FnOnce(Arc<Components>, CancellationToken) -> BoxFuture<'static, Result<(), RunError>> + Send>;

/// What is open for a host.
pub struct Deployment {
    /// Who serves the interfaces.
    pub providers: Providers,
    /// Live connections.
    pub gateway: Gateway,
    /// What has to run for all that.
    pub parts: Vec<Part>,
}

impl Deployment {
    /// Opens what the configuration says.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left running.
    pub async fn open(config: &Config, manifest: &Manifest, data: &Path) -> Result<Self, OpenError> {
        match config.servers()? {
            None => embedded::open(config, manifest, data),
            Some(servers) => servers::open(&servers, config, manifest).await,
        }
    }

    /// Opens what a host needs that only holds live connections.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left running.
    pub async fn gateway(config: &Config) -> Result<Self, OpenError> {
        live::open(config).await
    }
}

pub use embedded::storage as embedded_storage;
pub use servers::{kafka, published};

fn gateway(config: &Config) -> GatewayConfig {
    GatewayConfig {
        allowed_origins: config.allowed_origins.clone(),
        connections_per_user_max: config.limits.live_connections_per_user_max,
        ..GatewayConfig::default()
    }
}

/// Shows every gateway's connections what is in the log.
fn following(log: Arc<RedisLog>, feed: Feed) -> Part {
    Box::new(move |_, stop| {
        Box::pin(async move {
            log.follow(feed, stop).await;
            Ok(())
        })
    })
}

/// Runs timers and ticks.
fn ticking(scheduler: Arc<TimerScheduler>, manifest: &Manifest) -> Part {
    let cron = cron(manifest);
    Box::new(move |sink, stop| {
        Box::pin(async move {
            scheduler.run(sink, cron, stop).await;
            Ok(())
        })
    })
}

fn cron(manifest: &Manifest) -> Vec<CronEntry> {
    let entries = manifest.components.iter().flat_map(|component| {
        component.cron.iter().map(|(schedule, seconds)| CronEntry {
            component: component.id.clone(),
            schedule: schedule.clone(),
            every_seconds: *seconds,
        })
    });
    entries.collect()
}

/// What each component may do in the database; none that has no table there.
fn grants<C: FromIterator<(dayloom_ports::ComponentId, Grant)>>(manifest: &Manifest) -> C {
    let grant = |component: &Component| Grant {
        tables: component.tables.iter().cloned().collect(),
        publishes: component.publishes.clone(),
    };
    let granted = manifest
        .components
        .iter()
        .filter(|component| !component.tables.is_empty());
    granted
        .map(|component| (component.id.clone(), grant(component)))
        .collect()
}

/// Which events each component wants.
pub fn subscriptions(manifest: &Manifest) -> Vec<Subscription> {
    manifest
        .components
        .iter()
        .flat_map(|component| component.subscriptions.clone())
        .collect()
}
