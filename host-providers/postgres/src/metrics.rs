use std::time::Duration;

use dayloom_ports::StorageError;
use dayloom_sql::CommitMetrics;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

/// The store's metrics, looked up once: the recorder has to be installed before the store opens.
#[derive(Clone)]
pub(crate) struct StoreMetrics {
    commits: CommitMetrics,
    repeated: Counter,
}

impl StoreMetrics {
    pub(crate) fn register() -> Self {
        Self {
            commits: CommitMetrics::register(),
            repeated: counter!("dayloom_storage_commit_repeats_total"),
        }
    }

    /// Notes what a caller was told, and the time from the call until then.
    pub(crate) fn answered<T>(&self, answer: &Result<T, StorageError>, took: Duration) {
        self.commits.answered(answer);
        self.commits.took(took);
    }

    /// Notes that a commit was rolled back in favour of another one and is tried again.
    pub(crate) fn repeated(&self) {
        self.repeated.increment(1);
    }
}

/// The metrics of a relay.
pub(crate) struct RelayMetrics {
    published: Counter,
    failures: Counter,
    dead_letters: Counter,
    batch_size: Histogram,
    backlog: Gauge,
    age_seconds: Gauge,
}

impl RelayMetrics {
    pub(crate) fn register() -> Self {
        Self {
            published: counter!("dayloom_outbox_published_total"),
            failures: counter!("dayloom_outbox_failures_total"),
            dead_letters: counter!("dayloom_outbox_dead_letters_total"),
            batch_size: histogram!("dayloom_outbox_batch_size"),
            backlog: gauge!("dayloom_outbox_backlog"),
            age_seconds: gauge!("dayloom_outbox_age_seconds"),
        }
    }

    /// Notes what became of one batch.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn batch(&self, published: usize, failures: usize, dead_letters: usize) {
        self.published.increment(published as u64);
        self.failures.increment(failures as u64);
        self.dead_letters.increment(dead_letters as u64);
        self.batch_size.record((published + failures + dead_letters) as f64);
    }

    /// Notes how many rows wait, up to the number that is counted, and for how long the oldest has.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
    pub(crate) fn backlog(&self, rows: i64, oldest: Duration) {
        self.backlog.set(rows as f64);
        self.age_seconds.set(oldest.as_secs_f64());
    }
}
