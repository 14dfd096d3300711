use std::sync::Arc;

use async_trait::async_trait;
use dayloom_ports::{EventPublisher, EventSink, PublishError, Record, Subscription};
use tokio_util::sync::CancellationToken;

use crate::consumer;
use crate::headers::{CONTENT_TYPE, EVENT_ID, EVENT_TYPE, pair};
use crate::names::Names;
use crate::publisher::{Outgoing, Publisher};
use crate::{ConsumeError, KafkaConfig, OpenError, topics};

/// Kafka as the application sees it: somewhere to publish to, and events that come.
pub struct KafkaEvents {
    config: KafkaConfig,
    names: Names,
    publisher: Arc<Publisher>,
}

impl KafkaEvents {
    /// Reaches the brokers and sees to it that there are all topics: those that are published to (`published`), those of
    /// the subscriptions, each subscriber's retry topic, and the dead letters'.
    ///
    /// # Errors
    /// See [`OpenError`]. Brokers that are away are waited for as long as `connect_timeout_ms` says.
    pub async fn connect(
        config: KafkaConfig,
        published: &[String],
        subscriptions: &[Subscription],
    ) -> Result<Arc<Self>, OpenError> {
        config.validate()?;
        consumer::check(subscriptions).map_err(OpenError::Config)?;
        let names = Names::new(&config);
        let publisher = Arc::new(Publisher::new(&config)?);
        topics::ensure(&config, &names, &publisher, published, subscriptions).await?;
        Ok(Arc::new(Self {
            config,
            names,
            publisher,
        }))
    }

    /// What [`KafkaEvents::connect`] would do, without doing it: returns the topics it would make.
    ///
    /// # Errors
    /// As [`KafkaEvents::connect`].
    pub async fn check(
        config: &KafkaConfig,
        published: &[String],
        subscriptions: &[Subscription],
    ) -> Result<Vec<String>, OpenError> {
        config.validate()?;
        consumer::check(subscriptions).map_err(OpenError::Config)?;
        let publisher = Publisher::new(config)?;
        topics::missing(config, &Names::new(config), &publisher, published, subscriptions).await
    }

    /// Hands events to `sink` until `stop` is cancelled; then the calls that are under way finish, and offsets are
    /// committed. Every subscription is a consumer group of its own; processes with the same one share its partitions.
    ///
    /// A broker that goes away is waited for. Call it once for each subscription and process. Dropping the future stops
    /// it, too, without waiting.
    ///
    /// # Errors
    /// If the subscriptions contradict each other or the client can not be made. A sink that panics ends all of it with
    /// its panic.
    pub async fn consume(
        &self,
        subscriptions: Vec<Subscription>,
        sink: Arc<dyn EventSink>,
        stop: CancellationToken,
    ) -> Result<(), ConsumeError> {
        consumer::check(&subscriptions).map_err(ConsumeError::Subscriptions)?;
        consumer::run(&self.config, &self.names, &self.publisher, subscriptions, sink, stop).await
    }
}

#[async_trait]
impl EventPublisher for KafkaEvents {
    /// As the trait says. Batches go out one after the other; one that no broker takes within `publish_timeout_ms` is
    /// given up whole.
    async fn publish(&self, records: Vec<Record>) -> Vec<Result<(), PublishError>> {
        let outgoing = |record: Record| Outgoing {
            topic: self.names.topic(&record.topic),
            partition: None,
            headers: vec![
                pair(EVENT_ID, record.event_id),
                pair(EVENT_TYPE, record.event_type),
                pair(CONTENT_TYPE.0, CONTENT_TYPE.1),
            ],
            key: Some(record.key.into_bytes()),
            body: Some(record.body),
        };
        self.publisher.send(records.into_iter().map(outgoing).collect()).await
    }

    async fn ready(&self) -> Result<(), String> {
        self.publisher.ready(self.names.dead_letters_topic()).await
    }
}
