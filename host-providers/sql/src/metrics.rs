use std::time::Duration;

use dayloom_ports::StorageError;
use metrics::{Counter, Histogram, counter, histogram};

/// What became of commits, and how long they took: under the same names whatever the database is. Looked up once, so the
/// recorder has to be installed before.
#[derive(Clone)]
pub struct CommitMetrics {
    committed: Counter,
    conflict: Counter,
    invalid: Counter,
    too_large: Counter,
    unavailable: Counter,
    seconds: Histogram,
}

impl CommitMetrics {
    /// Looks them up.
    pub fn register() -> Self {
        let commits = |outcome: &'static str| counter!("dayloom_storage_commits_total", "outcome" => outcome);
        Self {
            committed: commits("committed"),
            conflict: commits("conflict"),
            invalid: commits("invalid"),
            too_large: commits("too_large"),
            unavailable: commits("unavailable"),
            seconds: histogram!("dayloom_storage_commit_seconds"),
        }
    }

    /// Counts what a caller was told.
    pub fn answered<T>(&self, answer: &Result<T, StorageError>) {
        match answer {
            Ok(_) => &self.committed,
            Err(StorageError::Conflict(_)) => &self.conflict,
            Err(StorageError::Invalid(_)) => &self.invalid,
            Err(StorageError::TooLarge(_)) => &self.too_large,
            Err(StorageError::Unavailable(_)) => &self.unavailable,
        }
        .increment(1);
    }

    /// Notes how long a commit, or a group of them, took until it was durable.
    pub fn took(&self, time: Duration) {
        self.seconds.record(time.as_secs_f64());
    }
}
