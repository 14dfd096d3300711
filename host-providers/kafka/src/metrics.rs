use std::sync::Arc;

use dayloom_ports::PublishError;
use metrics::{Counter, counter, gauge};

/// What became of published events, looked up once: the recorder has to be installed before.
pub(crate) struct PublisherMetrics {
    published: Counter,
    invalid: Counter,
    unavailable: Counter,
}

impl PublisherMetrics {
    pub(crate) fn register() -> Self {
        let events = |outcome: &'static str| counter!("dayloom_events_published_total", "outcome" => outcome);
        Self {
            published: events("published"),
            invalid: events("invalid"),
            unavailable: events("unavailable"),
        }
    }

    pub(crate) fn published(&self, results: &[Result<(), PublishError>]) {
        for result in results {
            match result {
                Ok(()) => &self.published,
                Err(PublishError::Invalid(_)) => &self.invalid,
                Err(PublishError::Unavailable(_)) => &self.unavailable,
            }
            .increment(1);
        }
    }
}

/// The metrics of one subscriber, under the names every provider of events uses.
pub(crate) struct SubscriberMetrics {
    subscriber: Arc<str>,
    done: Counter,
    retried: Counter,
    rejected: Counter,
    dead_letters: Counter,
}

impl SubscriberMetrics {
    pub(crate) fn register(subscriber: &Arc<str>) -> Self {
        let deliveries = |outcome: &'static str| counter!("dayloom_deliveries_total", "subscriber" => subscriber.to_string(), "outcome" => outcome);
        Self {
            subscriber: subscriber.clone(),
            done: deliveries("done"),
            retried: deliveries("retry"),
            rejected: deliveries("reject"),
            dead_letters: counter!("dayloom_dead_letters_total", "subscriber" => subscriber.to_string()),
        }
    }

    pub(crate) fn delivered(&self, done: usize, retried: usize, rejected: usize, dead_letters: usize) {
        self.done.increment(done as u64);
        self.retried.increment(retried as u64);
        self.rejected.increment(rejected as u64);
        self.dead_letters.increment(dead_letters as u64);
    }

    /// Offsets between the subscriber's first unsettled event and the end of the partition.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn lag(&self, topic: &str, partition: i32, offsets: i64) {
        let labels = [
            ("subscriber", self.subscriber.to_string()),
            ("topic", topic.to_owned()),
            ("partition", partition.to_string()),
        ];
        gauge!("dayloom_log_lag", &labels).set(offsets.max(0) as f64);
    }
}
