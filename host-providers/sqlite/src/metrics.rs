use std::time::Duration;

use dayloom_ports::StorageError;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The writer's metrics, looked up once: the recorder has to be installed before the store opens.
#[derive(Clone)]
pub(crate) struct WriterMetrics {
    committed: Counter,
    conflict: Counter,
    invalid: Counter,
    too_large: Counter,
    unavailable: Counter,
    group_size: Histogram,
    commit_seconds: Histogram,
    queue_bytes: Gauge,
    restarts: Counter,
}

impl WriterMetrics {
    pub(crate) fn register() -> Self {
        let commits = |outcome: &'static str| counter!("dayloom_storage_commits_total", "outcome" => outcome);
        Self {
            committed: commits("committed"),
            conflict: commits("conflict"),
            invalid: commits("invalid"),
            too_large: commits("too_large"),
            unavailable: commits("unavailable"),
            group_size: histogram!("dayloom_storage_group_size"),
            commit_seconds: histogram!("dayloom_storage_commit_seconds"),
            queue_bytes: gauge!("dayloom_storage_queue_bytes"),
            restarts: counter!("dayloom_storage_group_restarts_total"),
        }
    }

    /// Counts what a caller was told.
    pub(crate) fn answered<T>(&self, answer: &Result<T, StorageError>) {
        match answer {
            Ok(_) => &self.committed,
            Err(StorageError::Conflict(_)) => &self.conflict,
            Err(StorageError::Invalid(_)) => &self.invalid,
            Err(StorageError::TooLarge(_)) => &self.too_large,
            Err(StorageError::Unavailable(_)) => &self.unavailable,
        }
        .increment(1);
    }

    /// Notes the requests of one transaction, and the bytes of requests that are in it or wait behind it.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn group(&self, requests: usize, queue_bytes: usize) {
        self.group_size.record(requests as f64);
        self.queue_bytes.set(queue_bytes as f64);
    }

    /// Notes the time of one transaction, from its first statement until it is durable and answered.
    pub(crate) fn committed_in(&self, took: Duration) {
        self.commit_seconds.record(took.as_secs_f64());
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
