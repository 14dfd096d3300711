//! The suite every provider of events passes.

use std::sync::Arc;

use async_trait::async_trait;
use dayloom_kafka::{DeadLetters, KafkaConfig, KafkaEvents};
use dayloom_ports::conformance::delivery_fixture::{Buried, Channel, Stop, subscriptions};
use dayloom_ports::conformance::fixture;
use dayloom_ports::{Event, EventSink, Record};

use crate::support::{self, Consuming};

struct Broker {
    config: KafkaConfig,
    events: Arc<KafkaEvents>,
}

#[async_trait]
impl Channel for Broker {
    async fn publish(&self, events: Vec<Event>) {
        let record = |event: Event| Record {
            topic: fixture::topics().topics_of(&event.event_type)[0].clone(),
            key: event.key,
            event_id: event.id,
            event_type: event.event_type,
            body: event.body.into_bytes(),
        };
        support::publish(&self.events, events.into_iter().map(record).collect()).await;
    }

    async fn start(&self, sink: Arc<dyn EventSink>) -> Stop {
        let consuming = Consuming::start(&self.events, subscriptions(), sink);
        Box::pin(consuming.stop())
    }

    async fn dead_letters(&self) -> Vec<Buried> {
        let letters = DeadLetters::open(self.config.clone()).expect("the configuration is valid");
        let mut buried = Vec::new();
        for letter in letters.list(None, -1, usize::MAX).await.expect("dead letters are read") {
            let shown = letters.show(letter.id).await.expect("it is read").expect("it is there");
            buried.push(Buried {
                body: shown.1.expect("it was kept"),
                subscriber: letter.subscriber,
                reason: letter.reason,
                attempts: letter.attempts,
            });
        }
        buried
    }
}

async fn open_channel() -> ((), Arc<dyn Channel>) {
    let config = support::config();
    let events = support::connect(&config, &subscriptions()).await;
    ((), Arc::new(Broker { config, events }))
}

dayloom_ports::delivery_conformance!(open_channel);
