//! What an operator decides: an optional TOML file, overlaid by the environment.

mod limits;
mod secrets;
#[cfg(test)]
mod tests;
mod variables;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};

pub use limits::Limits;
pub use variables::Variables;

use crate::manifest::{Overrides, SubscriptionEntry};

/// The process environment, taken once so that tests can give another.
pub type Environment = BTreeMap<String, String>;

/// Numbers of `[limits]` may come as `DAYLOOM_LIMITS_<NAME>`.
const LIMITS_PREFIX: &str = "DAYLOOM_LIMITS_";
/// Lists that may come from the environment, separated by commas.
const LISTS: [(&str, &str); 2] = [
    ("DAYLOOM_TRUSTED_PROXIES", "trusted_proxies"),
    ("DAYLOOM_ALLOWED_ORIGINS", "allowed_origins"),
];

/// The host's configuration.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Values of application variables; may hold secrets.
    pub variables: BTreeMap<String, String>,
    /// Limits.
    pub limits: Limits,
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; none by default.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins other than a request's own host whose pages may open a WebSocket, such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Topics by event type, in place of the manifest's.
    pub topics: Option<BTreeMap<String, Vec<String>>>,
    /// Subscriptions by component, in place of the manifest's.
    pub subscriptions: BTreeMap<String, Vec<SubscriptionEntry>>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("limits", &self.limits)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("allowed_origins", &self.allowed_origins)
            .field("topics", &self.topics)
            .field("subscriptions", &self.subscriptions)
            .finish()
    }
}

/// Why the host can not be configured. Values never appear in it, because they may be secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can not be read.
    #[error("can not read the configuration {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key or a wrong type. Only the place and the kind are told, never the line itself.
    #[error("configuration: {0}")]
    Syntax(String),
    /// An environment variable has no meaning.
    #[error("environment variable {name}: {problem}")]
    Environment {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A limit makes no sense.
    #[error("{0}")]
    Limit(String),
    /// `[variables]` has one that the application does not.
    #[error("the application has no variable `{0}`; remove it from [variables] of the configuration")]
    UnknownVariable(String),
    /// The application needs a variable that nobody set.
    #[error("variable `{0}` has no value; set DAYLOOM_VARIABLE_{upper} or put it under [variables] of the configuration", upper = .0.to_ascii_uppercase())]
    MissingVariable(String),
    /// A secret file can not be used.
    #[error("secret {}: {source}", path.display())]
    Secret {
        /// The file or its folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A secret could be read by others.
    #[error("{path} can be read by others; take their permissions away (chmod go= {path})", path = .0.display())]
    SecretShared(PathBuf),
}

impl Config {
    /// Reads the file, if there is one, and lays the environment over it.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?,
            None => String::new(),
        };
        Self::parse(&text, environment)
    }

    /// Reads a configuration's text and lays the environment over it.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let mut table: Table = toml::from_str(text).map_err(syntax)?;
        for (name, value) in environment {
            if let Some(limit) = name.strip_prefix(LIMITS_PREFIX) {
                let number = value.parse::<i64>().map_err(|_| ConfigError::Environment {
                    name: name.clone(),
                    problem: "is no whole number".to_owned(),
                })?;
                let limits = table.entry("limits").or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(limits) = limits {
                    limits.insert(limit.to_ascii_lowercase(), Value::Integer(number));
                }
            } else if let Some((_, key)) = LISTS.iter().find(|(variable, _)| variable == name) {
                let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                let list = entries.map(|entry| Value::String(entry.to_owned())).collect();
                table.insert((*key).to_owned(), Value::Array(list));
            }
        }
        let config: Self = table.try_into().map_err(syntax)?;
        config.limits.check().map_err(ConfigError::Limit)?;
        Ok(config)
    }

    /// What of the manifest this configuration replaces.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            topics: self.topics.clone(),
            subscriptions: self.subscriptions.clone(),
        }
    }
}

/// Only the message: the full text of a TOML error quotes the line, which may hold a secret.
fn syntax(error: toml::de::Error) -> ConfigError {
    ConfigError::Syntax(error.message().to_owned())
}
