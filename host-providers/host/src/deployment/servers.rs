//! All state in PostgreSQL, Kafka and Redis, so that hosts come and go.

use std::{collections::BTreeSet, sync::Arc};

use dayloom_kafka::{KafkaConfig, KafkaEvents};
use dayloom_postgres::{JobsOf, PostgresStore};
use dayloom_realtime_gateway::Gateway;
use dayloom_redis::{RedisKeyValue, RedisLog};
use dayloom_scheduler::TimerScheduler;

use super::{Deployment, OpenError, following, gateway, grants, subscriptions, ticking};
use crate::{
    config::{Config, Servers},
    manifest::Manifest,
    runtime::Providers,
};

pub(super) async fn open(servers: &Servers, config: &Config, manifest: &Manifest) -> Result<Deployment, OpenError> {
    let store = PostgresStore::open(
        servers.postgres.clone(),
        grants(manifest),
        manifest.topics.clone(),
        &manifest.migrations,
    )
    .await?;
    let subscriptions = subscriptions(manifest);
    let events = KafkaEvents::connect(kafka(servers, manifest), &published(manifest), &subscriptions).await?;
    let keyvalue = RedisKeyValue::connect(&servers.redis).await?;
    let log = RedisLog::connect(&servers.redis).await?;
    let (gateway, feed) = Gateway::over(gateway(config), log.clone());
    let timers = JobsOf {
        store: store.clone(),
        components: manifest
            .components
            .iter()
            .map(|component| component.id.clone())
            .collect(),
    };
    let scheduler = Arc::new(TimerScheduler::new(Arc::new(timers)));
    Ok(Deployment {
        providers: Providers {
            storage: store.clone(),
            keyvalue: Arc::new(keyvalue),
            scheduler: scheduler.clone(),
            broadcast: Arc::new(gateway.clone()),
            events: Some(events.clone()),
        },
        gateway,
        parts: vec![
            {
                let events = events.clone();
                Box::new(move |_, stop| Box::pin(async move { Ok(store.relay(events, stop).await?) }))
            },
            Box::new(move |sink, stop| Box::pin(async move { Ok(events.consume(subscriptions, sink, stop).await?) })),
            following(log, feed),
            ticking(scheduler, manifest),
        ],
    })
}

/// The brokers, with the manifest's partitions where the configuration has none.
pub fn kafka(servers: &Servers, manifest: &Manifest) -> KafkaConfig {
    let mut config = servers.kafka.clone();
    for (topic, partitions) in &manifest.partitions {
        config.partitions.entry(topic.clone()).or_insert(*partitions);
    }
    config
}

/// Every topic that an event may be published to.
pub fn published(manifest: &Manifest) -> Vec<String> {
    let topics = manifest
        .topics
        .rules
        .iter()
        .flat_map(|(_, topics)| topics.iter().cloned());
    topics.collect::<BTreeSet<_>>().into_iter().collect()
}
