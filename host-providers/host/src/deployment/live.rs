//! Live connections and nothing else, beside an application that runs where none can be held, such as on Spin: messages come
//! from Redis, and who may listen is asked of the components that say so. Any number of these run side by side.

use std::sync::Arc;

use async_trait::async_trait;
use dayloom_ports::{
    ComponentId, Event, Row, Scheduler, SchedulerError, Statement, StatementOutcome, Storage, StorageError,
    TimestampMs, Value,
};
use dayloom_realtime_gateway::Gateway;
use dayloom_redis::{RedisKeyValue, RedisLog};

use super::{Deployment, OpenError, following, gateway};
use crate::{config::Config, runtime::Providers};

pub(super) async fn open(config: &Config) -> Result<Deployment, OpenError> {
    let redis = config.live()?;
    let keyvalue = RedisKeyValue::connect(redis).await?;
    let log = RedisLog::connect(redis).await?;
    let (gateway, feed) = Gateway::over(gateway(config), log.clone());
    Ok(Deployment {
        providers: Providers {
            storage: Arc::new(Elsewhere),
            keyvalue: Arc::new(keyvalue),
            scheduler: Arc::new(Elsewhere),
            broadcast: Arc::new(gateway.clone()),
            events: None,
        },
        gateway,
        parts: vec![following(log, feed)],
    })
}

const ELSEWHERE: &str = "a realtime gateway has no tables and no timers; run this component with `dayloom up`";

/// What only the application itself has.
struct Elsewhere;

#[async_trait]
impl Storage for Elsewhere {
    async fn query(&self, _: &ComponentId, _: &str, _: &[Value]) -> Result<Vec<Row>, StorageError> {
        Err(StorageError::Unavailable(ELSEWHERE.to_owned()))
    }

    async fn commit(
        &self,
        _: &ComponentId,
        _: Vec<Statement>,
        _: Vec<Event>,
    ) -> Result<Vec<StatementOutcome>, StorageError> {
        Err(StorageError::Unavailable(ELSEWHERE.to_owned()))
    }

    async fn ready(&self) -> Result<(), String> {
        Err(ELSEWHERE.to_owned())
    }
}

#[async_trait]
impl Scheduler for Elsewhere {
    async fn schedule(&self, _: &ComponentId, _: &str, _: TimestampMs, _: &str) -> Result<(), SchedulerError> {
        Err(SchedulerError::Unavailable(ELSEWHERE.to_owned()))
    }

    async fn cancel(&self, _: &ComponentId, _: &str) -> Result<(), SchedulerError> {
        Err(SchedulerError::Unavailable(ELSEWHERE.to_owned()))
    }
}
