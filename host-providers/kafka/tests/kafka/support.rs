//! A broker, and topics and groups that nobody else uses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dayloom_kafka::{ConsumeError, KafkaConfig, KafkaEvents};
use dayloom_ports::{EventPublisher as _, EventSink, PublishError, Record, Subscription};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Where the broker is.
const BROKER: &str = "DAYLOOM_TEST_KAFKA";

pub(crate) fn broker() -> String {
    std::env::var(BROKER).unwrap_or_else(|_| {
        panic!("{BROKER} names no broker: run `manifests/local/kafka.sh install && manifests/local/kafka.sh start`, then {BROKER}=127.0.0.1:19092")
    })
}

/// Topics and groups of this call alone.
pub(crate) fn config() -> KafkaConfig {
    let prefix = format!("t{}.", Uuid::now_v7().simple());
    KafkaConfig {
        topic_prefix: prefix.clone(),
        group_prefix: prefix,
        partitions: BTreeMap::from([("narrow".to_owned(), 1)]),
        ..KafkaConfig::new([broker()])
    }
}

/// `component` listens to all of `things`.
pub(crate) fn subscription(component: &str) -> Subscription {
    Subscription {
        component: component.into(),
        topics: vec!["things".to_owned()],
        types: vec![],
        batch: 10,
        attempts_max: 5,
    }
}

pub(crate) async fn connect(config: &KafkaConfig, subscriptions: &[Subscription]) -> Arc<KafkaEvents> {
    let published = ["things".to_owned(), "narrow".to_owned()];
    KafkaEvents::connect(config.clone(), &published, subscriptions)
        .await
        .expect("the broker is there")
}

pub(crate) fn record(key: &str, body: impl Into<Vec<u8>>) -> Record {
    Record {
        topic: "things".to_owned(),
        key: key.to_owned(),
        event_id: Uuid::now_v7().to_string(),
        event_type: "thing.made".to_owned(),
        body: body.into(),
    }
}

/// As a relay does: what was unavailable comes again, in its order.
pub(crate) async fn publish(events: &KafkaEvents, mut records: Vec<Record>) {
    while !records.is_empty() {
        let results = events.publish(records.clone()).await;
        let mut results = results.into_iter();
        records.retain(|record| match results.next() {
            Some(Ok(())) => false,
            Some(Err(PublishError::Unavailable(_))) => true,
            other => panic!("{other:?} for {}", record.key),
        });
        if !records.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A consumer under way.
pub(crate) struct Consuming {
    stop: CancellationToken,
    task: JoinHandle<Result<(), ConsumeError>>,
}

impl Consuming {
    pub(crate) fn start(events: &Arc<KafkaEvents>, subscriptions: Vec<Subscription>, sink: Arc<dyn EventSink>) -> Self {
        let (events, stop) = (events.clone(), CancellationToken::new());
        let token = stop.clone();
        Self {
            stop,
            task: tokio::spawn(async move { events.consume(subscriptions, sink, token).await }),
        }
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task
            .await
            .expect("it does not panic")
            .expect("it consumed until it was stopped");
    }
}
