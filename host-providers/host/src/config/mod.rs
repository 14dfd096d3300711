//! What an operator decides: an optional TOML file, overlaid by the environment.

mod limits;
mod secrets;
mod servers;
#[cfg(test)]
mod tests;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use dayloom_kafka::KafkaConfig;
use dayloom_postgres::PostgresConfig;
use dayloom_redis::RedisConfig;
use http::Uri;
use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};

pub use limits::Limits;
pub use servers::Servers;
pub use variables::Variables;

use crate::manifest::{Overrides, SubscriptionEntry};

/// The process environment, taken once so that tests can give another.
pub type Environment = BTreeMap<String, String>;

/// Numbers of `[limits]` may come as `DAYLOOM_LIMITS_<NAME>`.
const LIMITS_PREFIX: &str = "DAYLOOM_LIMITS_";
/// `application_url` from the environment.
const APPLICATION_URL: &str = "DAYLOOM_APPLICATION_URL";
/// Lists that may come from the environment, separated by commas.
const LISTS: [(&str, &str); 2] = [
    ("DAYLOOM_TRUSTED_PROXIES", "trusted_proxies"),
    ("DAYLOOM_ALLOWED_ORIGINS", "allowed_origins"),
];

/// The host's configuration.
#[derive(Clone, Default, Deserialize)]
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
    /// Where the application is reached as a whole, such as `http://10.0.0.1:8080`: there a host that runs a part of the
    /// components asks the others.
    pub application_url: Option<String>,
    postgres: Option<PostgresConfig>,
    kafka: Option<KafkaConfig>,
    redis: Option<RedisConfig>,
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
            .field("application_url", &self.application_url)
            .field("postgres", &self.postgres)
            .field("kafka", &self.kafka)
            .field("redis", &self.redis)
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
    /// Hosts that share servers share this secret too, so none of them makes it.
    #[error(
        "variable `{name}` has no value, and hosts that share servers must share it; make one (openssl rand -base64 32), keep \
         it in a file and give every host that file as DAYLOOM_VARIABLE_{upper}_FILE",
        upper = name.to_ascii_uppercase()
    )]
    SharedVariable {
        /// Its name.
        name: String,
    },
    /// A part of the components can not be the application.
    #[error(
        "--components needs [postgres], [kafka] and [redis], which other hosts share, and `application_url` \
         (DAYLOOM_APPLICATION_URL), where the other components are asked"
    )]
    Part,
    /// A gateway has nothing of its own.
    #[error(
        "a realtime gateway needs [redis], which the application shares with it, and `application_url` \
         (DAYLOOM_APPLICATION_URL), where it asks who may listen"
    )]
    Gateway,
    /// Not the address of a site.
    #[error("`application_url` must be http://host:port or https://host, without a path")]
    ApplicationUrl,
    /// Some of the servers, but not all.
    #[error("[postgres], [kafka] and [redis] go together; add {}, or remove the others", .0.join(" and "))]
    Partial(Vec<String>),
    /// A server's section makes no sense.
    #[error("[{section}] of the configuration: {problem}")]
    Server {
        /// Its name.
        section: &'static str,
        /// What is wrong, and the mend.
        problem: String,
    },
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
                table.insert((*key).to_owned(), list(value));
            } else if name == APPLICATION_URL {
                table.insert("application_url".to_owned(), Value::String(value.clone()));
            }
        }
        servers::overlay(&mut table, environment)?;
        let config: Self = table.try_into().map_err(meaning)?;
        config.limits.check().map_err(ConfigError::Limit)?;
        servers::check(config.postgres.as_ref(), config.kafka.as_ref(), config.redis.as_ref())?;
        config.elsewhere()?;
        Ok(config)
    }

    /// The servers in place of what is embedded; none without them.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn servers(&self) -> Result<Option<Servers>, ConfigError> {
        Servers::of(self.postgres.as_ref(), self.kafka.as_ref(), self.redis.as_ref())
    }

    /// Whether this host shares any server with others.
    pub fn has_servers(&self) -> bool {
        self.postgres.is_some() || self.kafka.is_some() || self.redis.is_some()
    }

    /// The Redis whose live messages a gateway shows.
    ///
    /// # Errors
    /// There is none, or nothing says where the application is.
    pub fn live(&self) -> Result<&RedisConfig, ConfigError> {
        match &self.redis {
            Some(redis) if self.application_url.is_some() => Ok(redis),
            _ => Err(ConfigError::Gateway),
        }
    }

    /// Where components are asked that do not run on this host.
    ///
    /// # Errors
    /// `application_url` is none.
    pub fn elsewhere(&self) -> Result<Option<Uri>, ConfigError> {
        let Some(text) = &self.application_url else {
            return Ok(None);
        };
        let url = text.parse().ok().filter(|url: &Uri| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some()
                && url.path() == "/"
                && url.query().is_none()
        });
        url.map(Some).ok_or(ConfigError::ApplicationUrl)
    }

    /// What of the manifest this configuration replaces, for a host that runs all components or a part of them.
    pub fn overrides(&self, components: Option<&BTreeSet<String>>) -> Overrides {
        Overrides {
            topics: self.topics.clone(),
            subscriptions: self.subscriptions.clone(),
            components: components.cloned(),
        }
    }

    /// Whether this host may run a part of the components.
    ///
    /// # Errors
    /// Nobody else could run the others, or they could not be reached.
    pub fn check_part(&self) -> Result<(), ConfigError> {
        match self.servers()?.is_some() && self.application_url.is_some() {
            true => Ok(()),
            false => Err(ConfigError::Part),
        }
    }
}

/// A value of the environment that is separated by commas.
fn list(value: &str) -> Value {
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    Value::Array(entries.map(|entry| Value::String(entry.to_owned())).collect())
}

/// Only the message: the full text of a TOML error quotes the line, which may hold a secret.
fn syntax(error: toml::de::Error) -> ConfigError {
    ConfigError::Syntax(error.message().to_owned())
}

/// Message and key; not the value that was found, which may be a secret.
fn meaning(error: toml::de::Error) -> ConfigError {
    let text = error.to_string().trim_end().replace('\n', " ");
    let text = match (text.split_once(": "), text.split_once(", expected ")) {
        (Some((kind @ ("invalid type" | "invalid value"), _)), Some((_, expected))) => {
            format!("{kind}, expected {expected}")
        }
        _ => text,
    };
    ConfigError::Syntax(text)
}
