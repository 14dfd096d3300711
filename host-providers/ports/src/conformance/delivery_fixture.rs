//! What the delivery suite expects a provider to be set up with, and the handlers it brings.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::fixture::event;
use crate::{ComponentId, Delivery, Event, EventSink, Outcome, Subscription};

/// Deliveries in one call of the suite's subscriptions.
pub const BATCH: usize = 10;
/// Attempts of the suite's subscriptions: with their pauses much longer than a stop takes.
pub const ATTEMPTS_MAX: u32 = 6;

/// How long a case waits for what is to happen, before it fails: a consumer group takes seconds to form.
const PATIENCE: Duration = Duration::from_secs(60);

/// `reader` takes all of `things`, `picky` only `thing.made`.
pub fn subscriptions() -> Vec<Subscription> {
    let subscription = |component: &str, types: &[&str]| Subscription {
        component: component.into(),
        topics: vec!["things".to_owned()],
        types: types.iter().map(ToString::to_string).collect(),
        batch: BATCH,
        attempts_max: ATTEMPTS_MAX,
    };
    vec![subscription("reader", &[]), subscription("picky", &["thing.made"])]
}

/// Ends delivery: calls under way finish, and progress is written down.
pub type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A dead letter as the suite looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Buried {
    /// Who could not take it.
    pub subscriber: String,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The event.
    pub body: Vec<u8>,
}

/// A provider from end to end, with [`fixture::topics`](super::fixture::topics) and [`subscriptions`].
#[async_trait]
pub trait Channel: Send + Sync {
    /// Events are durable when this returns, in their order. Works whether or not delivery is under way.
    async fn publish(&self, events: Vec<Event>);
    /// Begins delivery from where it ended the last time.
    async fn start(&self, sink: Arc<dyn EventSink>) -> Stop;
    /// All there are.
    async fn dead_letters(&self) -> Vec<Buried>;
}

/// An event of a type, with a body.
pub fn of_type(event_type: &str, key: &str, body: &str) -> Event {
    Event {
        event_type: event_type.to_owned(),
        body: body.to_owned(),
        ..event(key)
    }
}

/// An event whose body is its number, of a width that sorts.
pub fn numbered(key: &str, number: usize) -> Event {
    of_type("thing.made", key, &format!("{number:05}"))
}

type Decide = dyn Fn(&str, &Delivery) -> Outcome + Send + Sync;
type Seen = Vec<(ComponentId, Delivery)>;

/// Handlers that record their deliveries and answer as the case says.
pub struct Sink {
    decide: Box<Decide>,
    seen: Mutex<(Seen, Vec<usize>)>,
    arrived: Notify,
}

impl Sink {
    /// `decide` gets the component and the delivery.
    pub fn new(decide: impl Fn(&str, &Delivery) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            decide: Box::new(decide),
            seen: Mutex::default(),
            arrived: Notify::new(),
        })
    }

    /// Everything is done.
    pub fn done() -> Arc<Self> {
        Self::new(|_, _| Outcome::Done)
    }

    fn lock(&self) -> MutexGuard<'_, (Seen, Vec<usize>)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that arrived, in order.
    pub fn seen(&self) -> Seen {
        self.lock().0.clone()
    }

    /// How many deliveries each call had.
    pub fn calls(&self) -> Vec<usize> {
        self.lock().1.clone()
    }

    /// Bodies of one component, in the order of their arrival.
    pub fn bodies(&self, component: &str) -> Vec<String> {
        let seen = self.seen();
        let own = seen.into_iter().filter(|(to, _)| &**to == component);
        own.map(|(_, delivery)| String::from_utf8_lossy(&delivery.body).into_owned())
            .collect()
    }

    /// Bodies of one component and key in the order in which they arrived first.
    pub fn first_bodies(&self, component: &str, key: &str) -> Vec<String> {
        let mut bodies: Vec<String> = Vec::new();
        for (to, delivery) in self.seen() {
            let body = String::from_utf8_lossy(&delivery.body).into_owned();
            if &*to == component && delivery.key == key && !bodies.contains(&body) {
                bodies.push(body);
            }
        }
        bodies
    }

    /// Waits until the deliveries so far satisfy `enough`.
    pub async fn until(&self, enough: impl Fn(&[(ComponentId, Delivery)]) -> bool) {
        let wait = async {
            loop {
                let arrived = self.arrived.notified();
                if enough(&self.lock().0) {
                    return;
                }
                arrived.await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            let seen = self.seen();
            panic!(
                "not delivered in time; {} seen, the last: {:?}",
                seen.len(),
                seen.last()
            );
        }
    }
}

#[async_trait]
impl EventSink for Sink {
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let outcomes = deliveries
            .iter()
            .map(|delivery| (self.decide)(component, delivery))
            .collect();
        let mut seen = self.lock();
        seen.1.push(deliveries.len());
        seen.0
            .extend(deliveries.into_iter().map(|delivery| (component.clone(), delivery)));
        drop(seen);
        self.arrived.notify_waiters();
        outcomes
    }
}

/// Waits until `check` holds.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, wait).await.is_ok(),
        "never happened: {what}"
    );
}
