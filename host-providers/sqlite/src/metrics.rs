use std::time::Duration;

use dayloom_ports::StorageError;
use dayloom_sql::CommitMetrics;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The writer's metrics, looked up once: the recorder has to be installed before the store opens.
#[derive(Clone)]
pub(crate) struct WriterMetrics {
    commits: CommitMetrics,
    group_size: Histogram,
    queue_bytes: Gauge,
    restarts: Counter,
}

impl WriterMetrics {
    pub(crate) fn register() -> Self {
        Self {
            commits: CommitMetrics::register(),
            group_size: histogram!("dayloom_storage_group_size"),
            queue_bytes: gauge!("dayloom_storage_queue_bytes"),
            restarts: counter!("dayloom_storage_group_restarts_total"),
        }
    }

    /// Counts what a caller was told.
    pub(crate) fn answered<T>(&self, answer: &Result<T, StorageError>) {
        self.commits.answered(answer);
    }

    /// Notes the requests of one transaction, and the bytes of requests that are in it or wait behind it.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn group(&self, requests: usize, queue_bytes: usize) {
        self.group_size.record(requests as f64);
        self.queue_bytes.set(queue_bytes as f64);
    }

    /// Notes the time of one transaction, from its first statement until it is durable and answered.
    pub(crate) fn committed_in(&self, took: Duration) {
        self.commits.took(took);
    }

    /// Notes that a transaction was begun again without a request that failed after it had changed something.
    pub(crate) fn restarted(&self) {
        self.restarts.increment(1);
    }
}

/// The metrics of one subscriber in one partition.
pub(crate) struct LaneMetrics {
    done: Counter,
    retried: Counter,
    rejected: Counter,
    dead_letters: Counter,
    lag: Gauge,
}

impl LaneMetrics {
    pub(crate) fn register(subscriber: &str, partition: u8) -> Self {
        let subscriber = subscriber.to_owned();
        let deliveries = |outcome: &'static str| counter!("dayloom_deliveries_total", "subscriber" => subscriber.clone(), "outcome" => outcome);
        Self {
            done: deliveries("done"),
            retried: deliveries("retry"),
            rejected: deliveries("reject"),
            dead_letters: counter!("dayloom_dead_letters_total", "subscriber" => subscriber.clone()),
            lag: gauge!("dayloom_log_lag", "subscriber" => subscriber.clone(), "partition" => partition.to_string()),
        }
    }

    pub(crate) fn delivered(&self, done: usize, retried: usize, rejected: usize, dead_letters: usize) {
        self.done.increment(done as u64);
        self.retried.increment(retried as u64);
        self.rejected.increment(rejected as u64);
        self.dead_letters.increment(dead_letters as u64);
    }

    /// Log positions between the subscriber and the end of the log.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn lag(&self, positions: u64) {
        self.lag.set(positions as f64);
    }
}
