use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use dayloom_ports::{ComponentId, Grant, Subscription, TopicMap};

use crate::OpenError;

/// How long an event stays in the log after every subscriber is past it: a subscriber that is added within a week still
/// sees the week, and a removed one may come back.
pub const LOG_RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Deliveries in one call, as `Subscription::batch` promises.
const SUBSCRIPTION_BATCH_MAX: usize = 1_000;

/// Where the database lies and what the application asks of it.
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// Holds `dayloom.db` and `dayloom.lock`; made with mode 0700 if it is not there.
    pub data_dir: PathBuf,
    /// Holds the components' migrations, `NNNN_name.sql`.
    pub migrations_dir: PathBuf,
    /// Components that may use storage at all, and what they may touch.
    pub grants: HashMap<ComponentId, Grant>,
    /// Which topics carry which event types.
    pub topic_map: TopicMap,
    /// Who wants which events, at most one entry per component.
    pub subscriptions: Vec<Subscription>,
    /// Age below which no event leaves the log. See [`LOG_RETENTION_DEFAULT`].
    pub log_retention: Duration,
    /// Bytes the database file may grow to (rounded up to a page); commits past it are `unavailable`. No bound if none.
    pub size_bytes_max: Option<u64>,
}

impl SqliteConfig {
    /// A configuration that grants nothing and delivers nothing.
    pub fn new(data_dir: impl Into<PathBuf>, migrations_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            migrations_dir: migrations_dir.into(),
            grants: HashMap::new(),
            topic_map: TopicMap::default(),
            subscriptions: Vec::new(),
            log_retention: LOG_RETENTION_DEFAULT,
            size_bytes_max: None,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), OpenError> {
        let refuse = |reason: String| Err(OpenError::Config(reason));
        for (component, grant) in &self.grants {
            if let Err(reason) = grant.check_tables() {
                return refuse(format!("`{component}`: {reason}"));
            }
        }
        let mut subscribers = HashSet::new();
        for subscription in &self.subscriptions {
            let component = &subscription.component;
            if !subscribers.insert(component) {
                return refuse(format!(
                    "`{component}` has two subscriptions; its progress is kept once"
                ));
            }
            if !(1..=SUBSCRIPTION_BATCH_MAX).contains(&subscription.batch) {
                return refuse(format!(
                    "the batch of `{component}` is outside 1 to {SUBSCRIPTION_BATCH_MAX}"
                ));
            }
            if subscription.attempts_max == 0 {
                return refuse(format!("`{component}` has no attempt to take an event"));
            }
        }
        Ok(())
    }
}
