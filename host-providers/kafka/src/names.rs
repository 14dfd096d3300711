use dayloom_ports::Subscription;

use crate::KafkaConfig;

/// What topics and groups are called in the cluster: with the deployment's prefixes outside, without them inside.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    topic_prefix: String,
    group_prefix: String,
    dead_letters_topic: String,
}

impl Names {
    pub(crate) fn new(config: &KafkaConfig) -> Self {
        Self {
            topic_prefix: config.topic_prefix.clone(),
            group_prefix: config.group_prefix.clone(),
            dead_letters_topic: config.dead_letters_topic.clone(),
        }
    }

    pub(crate) fn topic(&self, topic: &str) -> String {
        format!("{}{topic}", self.topic_prefix)
    }

    /// The topic as the application calls it.
    pub(crate) fn bare<'a>(&self, full: &'a str) -> &'a str {
        full.strip_prefix(&self.topic_prefix).unwrap_or(full)
    }

    /// Where replays for one component alone go.
    pub(crate) fn retry_topic(&self, component: &str) -> String {
        self.topic(&format!("{component}.retry"))
    }

    pub(crate) fn dead_letters_topic(&self) -> String {
        self.topic(&self.dead_letters_topic)
    }

    pub(crate) fn group(&self, component: &str) -> String {
        format!("{}{component}", self.group_prefix)
    }

    /// Everything the group of `subscription` listens to: its topics, and replays meant for it.
    pub(crate) fn heard_by(&self, subscription: &Subscription) -> Vec<String> {
        let own = subscription.topics.iter().map(|topic| self.topic(topic));
        own.chain([self.retry_topic(&subscription.component)]).collect()
    }
}
