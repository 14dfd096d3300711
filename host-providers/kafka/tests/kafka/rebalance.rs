//! Members of one group that come and go under load.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::conformance::delivery_fixture::{Sink, eventually};
use dayloom_ports::{ComponentId, Delivery, EventSink, Outcome};
use tokio::time::sleep;

use crate::support::{Consuming, config, connect, publish, record, subscription};

/// Events of each of twenty keys: under way for about half a minute.
const ROUNDS: usize = 500;

/// Takes a while, so that calls are under way when partitions move.
struct Slow(Arc<Sink>);

#[async_trait]
impl EventSink for Slow {
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let outcomes = self.0.deliver(component, deliveries).await;
        sleep(Duration::from_millis(20)).await;
        outcomes
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_and_nothing_is_skipped_or_reordered() {
    let config = config();
    let subscriptions = vec![subscription("a")];
    let (one, two) = (
        connect(&config, &subscriptions).await,
        connect(&config, &subscriptions).await,
    );
    let (all, of_two) = (Sink::done(), Sink::done());
    let (both, counted) = (all.clone(), of_two.clone());

    let publisher = one.clone();
    let publishing = tokio::spawn(async move {
        for chunk in 0..ROUNDS {
            publish(
                &publisher,
                (0..20)
                    .map(|n| record(&format!("k{n}"), format!("{chunk:05}")))
                    .collect(),
            )
            .await;
            sleep(Duration::from_millis(50)).await;
        }
    });
    let first = Consuming::start(&one, subscriptions.clone(), Arc::new(Slow(all.clone())));
    for _ in 0..2 {
        sleep(Duration::from_secs(1)).await;
        let twice = Twice(both.clone(), counted.clone());
        let second = Consuming::start(&two, subscriptions.clone(), Arc::new(twice));
        let before = of_two.seen().len();
        eventually("the second member has a share", async || {
            of_two.seen().len() > before + 100
        })
        .await;
        second.stop().await;
    }
    publishing.await.expect("it publishes");
    all.until(|seen| distinct(seen) == 20 * ROUNDS).await;
    first.stop().await;

    let mut last: HashMap<String, Vec<u8>> = HashMap::new();
    let mut known = HashSet::new();
    for (_, delivery) in all.seen() {
        if known.insert((delivery.key.clone(), delivery.body.clone())) {
            let before = last.insert(delivery.key.clone(), delivery.body.clone());
            assert!(before.is_none_or(|before| before < delivery.body), "{}", delivery.key);
        }
    }
    // Partitions are handed over with their calls ended and their offsets committed.
    assert_eq!(all.seen().len(), 20 * ROUNDS, "nothing came twice");
}

/// Tells two sinks.
struct Twice(Arc<Sink>, Arc<Sink>);

#[async_trait]
impl EventSink for Twice {
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        self.1.deliver(component, deliveries.clone()).await;
        Slow(self.0.clone()).deliver(component, deliveries).await
    }
}

fn distinct(seen: &[(ComponentId, Delivery)]) -> usize {
    seen.iter()
        .map(|(_, delivery)| (&delivery.key, &delivery.body))
        .collect::<HashSet<_>>()
        .len()
}
