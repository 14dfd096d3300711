//! The deployment's choices, as they stand in a configuration file.

mod security;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::OpenError;

pub(crate) use security::apply as apply_security;
pub use security::{Sasl, SaslMechanism, Tls};

/// Partitions of a topic that is not named under `partitions`: three consumers can share it, and three brokers hold it.
const PARTITIONS_DEFAULT: u16 = 3;
/// Partitions of one topic at most; each costs files and memory on the broker, and a task in every consumer.
const PARTITIONS_MAX: u16 = 1_000;
/// Milliseconds for the brokers to answer at the start: a cluster that is starting too gets its chance.
const CONNECT_TIMEOUT_MS_DEFAULT: u64 = 10_000;
/// Milliseconds until a batch is given up as unavailable: longer than the election of a new leader, shorter than a relay's
/// lease on the rows it publishes.
const PUBLISH_TIMEOUT_MS_DEFAULT: u64 = 20_000;
/// Milliseconds without a heartbeat after which a consumer's partitions go to others; Kafka's own default.
const SESSION_TIMEOUT_MS_DEFAULT: u64 = 45_000;
/// The broker refuses session time-outs below this, in milliseconds (`group.min.session.timeout.ms`).
const SESSION_TIMEOUT_MS_MIN: u64 = 6_000;
/// No time-out is longer than this, in milliseconds: what takes more than five minutes is down.
const TIMEOUT_MS_MAX: u64 = 300_000;

/// How to reach Kafka and what to expect there. `Debug` shows no password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port` of a few brokers; the others are learnt from them.
    pub bootstrap_servers: Vec<String>,
    /// How the brokers' logs and quotas call this process.
    #[serde(default = "client_id")]
    pub client_id: String,
    /// Who this process is; none if the brokers do not ask.
    #[serde(default)]
    pub sasl: Option<Sasl>,
    /// Encryption; none for plain TCP.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Whether missing topics are made; otherwise they must be there.
    #[serde(default = "create_topics")]
    pub create_topics: bool,
    /// Partitions of every topic that `partitions` does not name, 1 to 1,000.
    #[serde(default = "partitions_default")]
    pub partitions_default: u16,
    /// Partitions by topic (without the prefix), 1 to 1,000 each.
    #[serde(default)]
    pub partitions: BTreeMap<String, u16>,
    /// Copies of each topic that is made; none takes the broker's default.
    #[serde(default)]
    pub replication_factor: Option<u16>,
    /// Put before every topic's name.
    #[serde(default)]
    pub topic_prefix: String,
    /// Put before every component's name to make its consumer group.
    #[serde(default)]
    pub group_prefix: String,
    /// Where events go that a component can not take.
    #[serde(default = "dead_letters_topic")]
    pub dead_letters_topic: String,
    /// Milliseconds for the brokers to answer at the start, 1 to 300,000.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Milliseconds until a batch is given up as unavailable, 1 to 300,000. A relay's lease must be longer.
    #[serde(default = "publish_timeout_ms")]
    pub publish_timeout_ms: u64,
    /// Milliseconds without a heartbeat after which a consumer's partitions go to others, 6,000 to 300,000.
    #[serde(default = "session_timeout_ms")]
    pub session_timeout_ms: u64,
}

fn client_id() -> String {
    "dayloom".to_owned()
}

fn dead_letters_topic() -> String {
    "dead-letters".to_owned()
}

const fn create_topics() -> bool {
    true
}

const fn partitions_default() -> u16 {
    PARTITIONS_DEFAULT
}

const fn connect_timeout_ms() -> u64 {
    CONNECT_TIMEOUT_MS_DEFAULT
}

const fn publish_timeout_ms() -> u64 {
    PUBLISH_TIMEOUT_MS_DEFAULT
}

const fn session_timeout_ms() -> u64 {
    SESSION_TIMEOUT_MS_DEFAULT
}

impl KafkaConfig {
    /// The defaults, for the brokers at `bootstrap_servers`.
    pub fn new(bootstrap_servers: impl IntoIterator<Item = String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into_iter().collect(),
            client_id: client_id(),
            sasl: None,
            tls: None,
            create_topics: create_topics(),
            partitions_default: partitions_default(),
            partitions: BTreeMap::new(),
            replication_factor: None,
            topic_prefix: String::new(),
            group_prefix: String::new(),
            dead_letters_topic: dead_letters_topic(),
            connect_timeout_ms: connect_timeout_ms(),
            publish_timeout_ms: publish_timeout_ms(),
            session_timeout_ms: session_timeout_ms(),
        }
    }

    /// Partitions that `topic` (without the prefix) should have.
    pub fn partitions_of(&self, topic: &str) -> u16 {
        self.partitions.get(topic).copied().unwrap_or(self.partitions_default)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn publish_timeout(&self) -> Duration {
        Duration::from_millis(self.publish_timeout_ms)
    }

    /// # Errors
    /// The first contradiction, with the key and the way out.
    pub fn validate(&self) -> Result<(), OpenError> {
        self.check().map_err(OpenError::Config)
    }

    fn check(&self) -> Result<(), String> {
        if self.bootstrap_servers.is_empty() {
            return Err(
                "`bootstrap_servers` is empty; name at least one broker, such as \"127.0.0.1:9092\"".to_owned(),
            );
        }
        for server in &self.bootstrap_servers {
            let is_address = server
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
            if !is_address || server.contains([',', ' ', '/']) {
                return Err(format!(
                    "`bootstrap_servers` has {server:?}; write `host:port`, one string a broker"
                ));
            }
        }
        let widths = self
            .partitions
            .iter()
            .map(|(topic, width)| (format!("partitions.{topic}"), *width));
        for (key, width) in widths.chain([("partitions_default".to_owned(), self.partitions_default)]) {
            if !(1..=PARTITIONS_MAX).contains(&width) {
                return Err(format!("`{key}` is {width}; choose 1 to {PARTITIONS_MAX}"));
            }
        }
        if self.replication_factor == Some(0) {
            return Err(
                "`replication_factor` is 0; choose at least 1, or leave it out for the broker's default".to_owned(),
            );
        }
        for (key, name, may_be_empty) in [
            ("client_id", &self.client_id, false),
            ("topic_prefix", &self.topic_prefix, true),
            ("group_prefix", &self.group_prefix, true),
            ("dead_letters_topic", &self.dead_letters_topic, false),
        ] {
            let is_legal = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
            if !is_legal || (name.is_empty() && !may_be_empty) {
                return Err(format!("`{key}` is {name:?}; use letters, digits, `.`, `_` and `-`"));
            }
        }
        for (key, value, min) in [
            ("connect_timeout_ms", self.connect_timeout_ms, 1),
            ("publish_timeout_ms", self.publish_timeout_ms, 1),
            ("session_timeout_ms", self.session_timeout_ms, SESSION_TIMEOUT_MS_MIN),
        ] {
            if !(min..=TIMEOUT_MS_MAX).contains(&value) {
                return Err(format!("`{key}` is {value}; choose {min} to {TIMEOUT_MS_MAX}"));
            }
        }
        security::check(self.sasl.as_ref(), self.tls.as_ref())
    }
}
