//! What producers, consumers and admin clients have in common: the address, the identity, and where their words go.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::KafkaConfig;
use crate::config::apply_security;

/// Milliseconds between attempts to reach a broker that is away, at first and at most: back within a second or two.
const RECONNECT_BACKOFF_MS: (&str, &str) = ("100", "2000");
/// Milliseconds to open a connection, TLS and SASL included.
const CONNECTION_SETUP_MS: &str = "10000";

/// The settings every client has.
pub(crate) fn settings(config: &KafkaConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", config.bootstrap_servers.join(","))
        .set("client.id", &config.client_id)
        .set("reconnect.backoff.ms", RECONNECT_BACKOFF_MS.0)
        .set("reconnect.backoff.max.ms", RECONNECT_BACKOFF_MS.1)
        .set("socket.connection.setup.timeout.ms", CONNECTION_SETUP_MS)
        .set("socket.keepalive.enable", "true")
        // Brokers close idle connections as a matter of course.
        .set("log.connection.close", "false")
        .set_log_level(RDKafkaLogLevel::Warning);
    apply_security(&mut client, config.sasl.as_ref(), config.tls.as_ref());
    client
}

/// The last thing a client complained of: why nothing answers is only told on the side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Complaints(Arc<Mutex<Option<String>>>);

impl Complaints {
    pub(crate) fn note(&self, complaint: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(complaint);
    }

    /// Forgets what was before.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The last complaint, or else `otherwise`.
    pub(crate) fn last_or(&self, otherwise: impl ToString) -> String {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.unwrap_or_else(|| otherwise.to_string())
    }
}

/// A client that logs through `tracing`.
#[derive(Clone, Default)]
pub(crate) struct Speaking {
    pub(crate) complaints: Complaints,
}

impl ClientContext for Speaking {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    /// The log has the same, with repeats left out.
    fn error(&self, error: KafkaError, reason: &str) {
        // Follows what went wrong with each broker, which says more.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.complaints.note(reason.to_owned());
        }
    }
}

pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // Remarks on the settings, which are this crate's: `enable.gapless.guarantee` is called experimental.
        _ if facility == "CONFWARN" => tracing::debug!(facility, "{message}"),
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
            tracing::error!(facility, "{message}");
        }
        RDKafkaLogLevel::Warning => tracing::warn!(facility, "{message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "{message}"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "{message}"),
    }
}
