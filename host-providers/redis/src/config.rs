use std::{io, path::PathBuf, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

/// Where a development server listens.
const URL: &str = "redis://127.0.0.1:6379";
/// Keys of a deployment that does not share its server with another one.
const PREFIX: &str = "dayloom";
/// Bytes of a prefix: it is in every key.
const PREFIX_BYTES_MAX: usize = 32;
/// Milliseconds until the server must be connected and authenticated: a few round trips across a continent.
const CONNECT_MS_MAX: u64 = 2_000;
/// Milliseconds an answer may take: far more than any command here takes, and little beside a request's own limit.
const RESPONSE_MS_MAX: u64 = 500;
/// Milliseconds either time may be set to: one minute, the time a whole request may take.
const MS_MAX: u64 = 60_000;

/// How to reach the server. Each message of a wrong one names the key and the mend.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://host:port/database`, or `rediss://…` for TLS. Port 6379 and database 0 may be left out.
    pub url: String,
    /// The user of an access control list; none is the server's `default`.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<SecretString>,
    /// A PEM file with the certificates that may have signed the server's, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// What every key begins with: 1 to 32 of `a-z`, `A-Z`, `0-9`, `-`, `_` and `.`.
    pub prefix: String,
    /// Milliseconds until a connection must be usable.
    pub connect_ms_max: u64,
    /// Milliseconds an answer may take; the connection is then made anew.
    pub response_ms_max: u64,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: URL.to_owned(),
            username: None,
            password: None,
            ca_file: None,
            prefix: PREFIX.to_owned(),
            connect_ms_max: CONNECT_MS_MAX,
            response_ms_max: RESPONSE_MS_MAX,
        }
    }
}

/// What is wrong with a [`RedisConfig`]. Values never appear in it, because they may be secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No address of a server.
    #[error("`url` of redis is not redis://host:port/database or rediss://host:port/database")]
    Url,
    /// A secret where it would be printed.
    #[error("`url` of redis contains credentials; put them under `username` and `password`")]
    Credentials,
    /// A user nobody vouches for.
    #[error("`username` of redis needs a `password`")]
    Password,
    /// A prefix that could meet another one.
    #[error("`prefix` of redis must be 1 to {PREFIX_BYTES_MAX} of a-z, A-Z, 0-9, `-`, `_` and `.`")]
    Prefix,
    /// Never, or practically so.
    #[error("`{0}` of redis must be between 1 and {MS_MAX} milliseconds")]
    Time(&'static str),
    /// Certificates without TLS.
    #[error("`ca_file` of redis needs a `url` with rediss://")]
    PlainWithCa,
    /// The certificates can not be read.
    #[error("`ca_file` of redis can not be read: {0}")]
    CaFile(io::Error),
    /// Or have no meaning.
    #[error("`ca_file` of redis has no usable PEM certificate")]
    Certificates,
}

impl RedisConfig {
    /// What [`RedisKeyValue::connect`](crate::RedisKeyValue::connect) and [`RedisLog::connect`](crate::RedisLog::connect)
    /// check first, except for what is in the file `ca_file`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (scheme, rest) = self.url.split_once("://").ok_or(ConfigError::Url)?;
        if !matches!(scheme, "redis" | "rediss") || rest.contains(['?', '#']) {
            return Err(ConfigError::Url);
        }
        if rest.contains('@') {
            return Err(ConfigError::Credentials);
        }
        if self.username.is_some() && self.password.is_none() {
            return Err(ConfigError::Password);
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=PREFIX_BYTES_MAX).contains(&self.prefix.len()) || !self.prefix.bytes().all(is_plain) {
            return Err(ConfigError::Prefix);
        }
        for (name, ms) in [
            ("connect_ms_max", self.connect_ms_max),
            ("response_ms_max", self.response_ms_max),
        ] {
            if !(1..=MS_MAX).contains(&ms) {
                return Err(ConfigError::Time(name));
            }
        }
        if self.ca_file.is_some() && scheme != "rediss" {
            return Err(ConfigError::PlainWithCa);
        }
        Ok(())
    }

    pub(crate) fn connect_within(&self) -> Duration {
        Duration::from_millis(self.connect_ms_max)
    }

    pub(crate) fn response_within(&self) -> Duration {
        Duration::from_millis(self.response_ms_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_read_and_its_password_never_shown() {
        let text = "url = 'rediss://cache.example:6380/2'\nusername = 'app'\npassword = 'hunter2'\nprefix = 'todo'";
        let config: RedisConfig = toml::from_str(text).unwrap();
        config.validate().unwrap();
        assert_eq!(
            (config.prefix.as_str(), config.response_ms_max),
            ("todo", RESPONSE_MS_MAX)
        );
        let shown = format!("{config:?}");
        assert!(shown.contains("cache.example") && !shown.contains("hunter2"), "{shown}");
        toml::from_str::<RedisConfig>("").unwrap().validate().unwrap();
        let unknown = toml::from_str::<RedisConfig>("host = 'x'").unwrap_err();
        assert!(unknown.to_string().contains("unknown field `host`"));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        let cases = [
            ("url = '127.0.0.1:6379'", "`url`"),
            ("url = 'http://127.0.0.1'", "`url`"),
            ("url = 'redis://127.0.0.1/?protocol=resp3'", "`url`"),
            (
                "url = 'redis://app:hunter2@127.0.0.1'",
                "under `username` and `password`",
            ),
            ("username = 'app'", "`password`"),
            ("prefix = ''", "`prefix`"),
            ("prefix = 'a:b'", "`prefix`"),
            ("prefix = 'a*'", "`prefix`"),
            ("prefix = 'abcdefghijklmnopqrstuvwxyz0123456'", "`prefix`"),
            ("connect_ms_max = 0", "`connect_ms_max`"),
            ("response_ms_max = 60001", "`response_ms_max`"),
            ("ca_file = '/ca.pem'", "`ca_file`"),
        ];
        for (text, named) in cases {
            let config: RedisConfig = toml::from_str(text).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(
                message.contains(named) && !message.contains("hunter2"),
                "{text}: {message}"
            );
        }
        let longest = RedisConfig {
            prefix: "p".repeat(PREFIX_BYTES_MAX),
            connect_ms_max: MS_MAX,
            response_ms_max: 1,
            ..RedisConfig::default()
        };
        longest.validate().unwrap();
    }
}
