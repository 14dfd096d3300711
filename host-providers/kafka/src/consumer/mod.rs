//! Hands records to their subscribers.
//!
//! Every subscription is a consumer group with a thread of its own that polls without ever waiting for a handler
//! (`group`): the broker always sees a live member. What it polls goes into the lane of its partition (`lane`), a task that
//! calls the sink; `backlog` holds the rules. A lane that has read far enough ahead pauses its partition. Ten times a
//! second the group commits the offsets up to which its lanes are settled (`lanes`, `committer`), and once more when
//! partitions move to another member (`rebalance`). A client that can not go on is replaced: one that failed for good, or
//! one that forgot every broker (`brokers`).
//!
//! Of a partition at most 1,024 records, or 4 MiB, are held beyond the first that is not settled, so a key that is retried
//! lets others go on for as long (`backlog`).

mod backlog;
mod brokers;
mod committer;
mod graveyard;
mod group;
mod lane;
mod lanes;
mod rebalance;
mod record;

use std::collections::HashSet;
use std::sync::Arc;

use dayloom_ports::{EventSink, Subscription};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::metrics::SubscriberMetrics;
use crate::names::Names;
use crate::publisher::Publisher;
use crate::{ConsumeError, KafkaConfig};
use graveyard::Graveyard;
use group::Group;
use lane::Subscriber;

pub(crate) use record::{Source, identity};

/// Deliveries in one call, as `Subscription::batch` promises.
const SUBSCRIPTION_BATCH_MAX: usize = 1_000;

/// The first contradiction of these subscriptions.
pub(crate) fn check(subscriptions: &[Subscription]) -> Result<(), String> {
    let mut subscribers = HashSet::new();
    for subscription in subscriptions {
        let component = &subscription.component;
        if !subscribers.insert(component) {
            return Err(format!(
                "`{component}` has two subscriptions; its progress is kept once"
            ));
        }
        if subscription.topics.is_empty() {
            return Err(format!("`{component}` subscribes to no topic"));
        }
        if !(1..=SUBSCRIPTION_BATCH_MAX).contains(&subscription.batch) {
            return Err(format!(
                "the batch of `{component}` is outside 1 to {SUBSCRIPTION_BATCH_MAX}"
            ));
        }
        if subscription.attempts_max == 0 {
            return Err(format!("`{component}` has no attempt to take an event"));
        }
    }
    Ok(())
}

/// Runs every group until `stop`, or until one fails; then the others are stopped too.
pub(crate) async fn run(
    config: &KafkaConfig,
    names: &Names,
    publisher: &Arc<Publisher>,
    subscriptions: Vec<Subscription>,
    sink: Arc<dyn EventSink>,
    stop: CancellationToken,
) -> Result<(), ConsumeError> {
    // Also when this future is dropped: a thread can not be.
    let stop = stop.child_token();
    let guard = stop.clone().drop_guard();
    let mut groups = JoinSet::new();
    for subscription in subscriptions {
        let subscriber = Subscriber {
            metrics: SubscriberMetrics::register(&subscription.component),
            subscription,
            sink: sink.clone(),
            graveyard: Graveyard {
                publisher: publisher.clone(),
                topic: names.dead_letters_topic(),
            },
        };
        let group = Group::new(config, names, Arc::new(subscriber), Handle::current(), stop.clone());
        groups.spawn_blocking(move || group.run());
    }
    if groups.is_empty() {
        // A host without subscribers runs on: its end here would be taken for a failure.
        stop.cancelled().await;
    }
    let mut outcome = Ok(());
    while let Some(ended) = groups.join_next().await {
        match ended {
            Ok(ended) => outcome = outcome.and(ended),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => continue,
            },
        }
        if outcome.is_err() {
            stop.cancel();
        }
    }
    drop(guard);
    outcome
}
