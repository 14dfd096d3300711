use async_trait::async_trait;

use crate::ComponentId;

/// One event on its way to a component.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The topic it came by.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// 1 for the first attempt since the provider started.
    pub attempt: u32,
    /// CloudEvents 1.0 structured JSON.
    pub body: Vec<u8>,
}

/// A delivery's disposition.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Durable.
    Done,
    /// Again after a back-off.
    Retry(String),
    /// Dead-letter now.
    Reject(String),
}

/// Which events a component wants, from the application manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The subscriber, and the name its progress is kept under.
    pub component: ComponentId,
    /// Topics it listens to.
    pub topics: Vec<String>,
    /// CloudEvents types it wants of them; empty means all. What is not wanted is skipped without a call.
    pub types: Vec<String>,
    /// Deliveries in one call, 1 to 1,000.
    pub batch: usize,
    /// Attempts before an event is dead-lettered.
    pub attempts_max: u32,
}

/// Which topics carry which event types: exact types first, then the longest prefix that ends in `*`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicMap {
    /// `(pattern, topics)` in the order of the configuration.
    pub rules: Vec<(String, Vec<String>)>,
}

impl TopicMap {
    /// Topics that carry `event_type`; empty if nobody carries it.
    pub fn topics_of(&self, event_type: &str) -> &[String] {
        let exact = self.rules.iter().find(|(pattern, _)| pattern == event_type);
        let prefix = || {
            self.rules
                .iter()
                .filter(|(pattern, _)| pattern.strip_suffix('*').is_some_and(|p| event_type.starts_with(p)))
                .max_by_key(|(pattern, _)| pattern.len())
        };
        exact.or_else(prefix).map_or(&[], |(_, topics)| topics)
    }
}

/// Where a provider hands events over: the host, which calls the component's `handler`.
#[async_trait]
pub trait EventSink: Send + Sync {
    /// Returns one outcome for each delivery, in order. A trap, a time-out or an overloaded component is `Retry` for
    /// all; the sink never fails otherwise.
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome>;
}

/// One event on its way to a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where to.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// CloudEvents `id`.
    pub event_id: String,
    /// CloudEvents `type`.
    pub event_type: String,
    /// CloudEvents 1.0 structured JSON.
    pub body: Vec<u8>,
}

/// Why an event is not on its topic.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PublishError {
    /// Can never be taken, such as a body over the broker's limit.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// A broker, as the relay of an outbox sees it.
#[async_trait]
pub trait EventPublisher: Send + Sync {
    /// Publishes in order and returns one result for each record, in order. What is `Ok` outlives the broker's failure.
    /// If a record is `Unavailable`, so are the later ones of its key, or they come again after it: a key's order holds.
    async fn publish(&self, records: Vec<Record>) -> Vec<Result<(), PublishError>>;
    /// Whether it would publish; the text says why not.
    async fn ready(&self) -> Result<(), String>;
}

/// Which dead letters to deliver again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// One, by its number.
    One(i64),
    /// All of one subscriber.
    AllOf(String),
}

#[cfg(test)]
mod tests {
    use super::TopicMap;

    #[test]
    fn the_most_specific_rule_names_the_topics() {
        let rule = |p: &str, t: &str| (p.to_owned(), vec![t.to_owned()]);
        let map = TopicMap {
            rules: vec![
                rule("com.todo.*", "all"),
                rule("com.todo.task.*", "tasks"),
                rule("com.todo.task.deleted", "gone"),
            ],
        };
        assert_eq!(map.topics_of("com.todo.task.deleted"), ["gone"]);
        assert_eq!(map.topics_of("com.todo.task.created"), ["tasks"]);
        assert_eq!(map.topics_of("com.todo.user.created"), ["all"]);
        assert!(map.topics_of("org.other").is_empty());
    }
}
