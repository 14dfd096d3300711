use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::OpenError;

/// Connections of each kind at most: the default of PostgreSQL is 100 for everybody.
const CONNECTIONS_MAX: usize = 500;
/// A statement that may run for longer than this is no statement of a request.
const STATEMENT_TIMEOUT_MS_MAX: u32 = 10 * 60 * 1_000;
/// Time to establish a connection at most.
const CONNECT_TIMEOUT_MS_MAX: u32 = 60 * 1_000;

/// How long a server may be silent on an idle connection before it is asked whether it is there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
/// Between such questions, and how many may go unanswered: a vanished server is noticed within half a minute.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// How long what was sent may go unacknowledged.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(15);

/// Whether the connection is encrypted, and so whom it is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Encrypted; the certificate has to be valid for the host's name.
    #[default]
    VerifyFull,
    /// In the clear: for a server on this machine or in a network that nobody else is in.
    Off,
}

/// Where the database is and how it is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// `postgres://user@host:5432/database`; several hosts with commas, the one that takes writes is used. May carry the
    /// password, so it is kept as a secret.
    pub url: SecretString,
    /// The password, if the URL has none.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// See [`TlsMode`].
    #[serde(default)]
    pub tls: TlsMode,
    /// Certificates (PEM) that the server's is to be signed by, instead of the public authorities.
    #[serde(default)]
    pub tls_ca_file: Option<PathBuf>,
    /// Connections for reading, 1 to 500.
    #[serde(default = "connections_default")]
    pub read_connections: usize,
    /// Connections for writing, 1 to 500. The relay has one more to itself.
    #[serde(default = "connections_default")]
    pub write_connections: usize,
    /// Milliseconds to establish a connection with a server, and to wait for a free one.
    #[serde(default = "connect_timeout_default")]
    pub connect_timeout_ms: u32,
    /// Milliseconds a statement may run. A whole call may take twice this and twice `connect_timeout_ms`.
    #[serde(default = "statement_timeout_default")]
    pub statement_timeout_ms: u32,
    /// Milliseconds a statement may wait for a row that another commit holds. Not more than the statement's time.
    #[serde(default = "lock_timeout_default")]
    pub lock_timeout_ms: u32,
}

/// Twice the cores of a small server: PostgreSQL does not get faster by more.
fn connections_default() -> usize {
    8
}

/// Long enough for a handshake across an ocean; short enough to tell the client in time.
fn connect_timeout_default() -> u32 {
    5_000
}

/// A hundred times the slowest page, and less than what a client waits.
fn statement_timeout_default() -> u32 {
    5_000
}

/// Commits take milliseconds: who waits for longer stands behind something that is stuck.
fn lock_timeout_default() -> u32 {
    2_000
}

impl PostgresConfig {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: SecretString::from(url.into()),
            password: None,
            tls: TlsMode::default(),
            tls_ca_file: None,
            read_connections: connections_default(),
            write_connections: connections_default(),
            connect_timeout_ms: connect_timeout_default(),
            statement_timeout_ms: statement_timeout_default(),
            lock_timeout_ms: lock_timeout_default(),
        }
    }

    /// Refuses what can not work, before anything is connected.
    ///
    /// # Errors
    /// [`OpenError::Config`], which names the key and what to write instead.
    pub fn validate(&self) -> Result<(), OpenError> {
        self.client().map(drop)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms.into())
    }

    /// What every connection begins with.
    pub(crate) fn client(&self) -> Result<tokio_postgres::Config, OpenError> {
        let refuse = |reason: &str| Err(OpenError::Config(reason.to_owned()));
        for (key, value) in [
            ("read_connections", self.read_connections),
            ("write_connections", self.write_connections),
        ] {
            if !(1..=CONNECTIONS_MAX).contains(&value) {
                return refuse(&format!(
                    "`{key}` is {value}; write a number from 1 to {CONNECTIONS_MAX}"
                ));
            }
        }
        for (key, value, max) in [
            ("connect_timeout_ms", self.connect_timeout_ms, CONNECT_TIMEOUT_MS_MAX),
            (
                "statement_timeout_ms",
                self.statement_timeout_ms,
                STATEMENT_TIMEOUT_MS_MAX,
            ),
            ("lock_timeout_ms", self.lock_timeout_ms, self.statement_timeout_ms),
        ] {
            if !(1..=max).contains(&value) {
                return refuse(&format!("`{key}` is {value}; write milliseconds from 1 to {max}"));
            }
        }
        if self.tls == TlsMode::Off && self.tls_ca_file.is_some() {
            return refuse("`tls_ca_file` is given while `tls` is \"off\"; remove one of them");
        }
        // The parser's reason may quote the URL, so it is not passed on.
        let Ok(mut client) = tokio_postgres::Config::from_str(self.url.expose_secret()) else {
            return refuse("`url` can not be read; write postgres://user@host:5432/database");
        };
        if client.get_hosts().is_empty() || client.get_user().is_none() || client.get_dbname().is_none() {
            return refuse("`url` lacks a user, a host or a database; write postgres://user@host:5432/database");
        }
        if client.get_ssl_mode() != SslMode::Prefer {
            return refuse("`url` has `sslmode`; remove it and set `tls`");
        }
        if client.get_options().is_some() {
            return refuse("`url` has `options`; remove it, the provider sets its own");
        }
        if self.tls == TlsMode::VerifyFull && client.get_hosts().iter().any(|host| !matches!(host, Host::Tcp(_))) {
            return refuse("`url` names a socket file, which has no certificate; set `tls` to \"off\"");
        }
        match (&self.password, client.get_password()) {
            (Some(_), Some(_)) => return refuse("`password` is given and `url` has one too; remove one of them"),
            (Some(password), None) => drop(client.password(password.expose_secret())),
            (None, _) => {}
        }
        client
            .application_name("dayloom")
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .ssl_mode(match self.tls {
                TlsMode::VerifyFull => SslMode::Require,
                TlsMode::Off => SslMode::Disable,
            })
            .connect_timeout(self.connect_timeout())
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(UNACKNOWLEDGED_MAX);
        Ok(client)
    }
}

#[cfg(test)]
mod tests;
