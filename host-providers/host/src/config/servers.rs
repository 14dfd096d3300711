//! The servers that a deployment puts in place of what is embedded: `[postgres]`, `[kafka]` and `[redis]`, together or not
//! at all. Their keys may come as `DAYLOOM_<SECTION>_<KEY>`, and secrets from files.

use std::{fs, path::Path};

use dayloom_kafka::KafkaConfig;
use dayloom_postgres::PostgresConfig;
use dayloom_redis::RedisConfig;
use toml::{Table, Value};

use super::{ConfigError, Environment};

/// What several hosts share.
#[derive(Debug, Clone)]
pub struct Servers {
    /// Tables, the outbox and timers.
    pub postgres: PostgresConfig,
    /// Events.
    pub kafka: KafkaConfig,
    /// Key-value entries and live messages.
    pub redis: RedisConfig,
}

const SECTIONS: [&str; 3] = ["postgres", "kafka", "redis"];
/// Tables within a section: in the environment their name is the beginning of the key's.
const TABLES: [(&str, &str); 2] = [("kafka", "sasl"), ("kafka", "tls")];
/// Keys that are no text, because everything in the environment is.
const NUMBERS: [&str; 11] = [
    "connect_ms_max",
    "connect_timeout_ms",
    "lock_timeout_ms",
    "partitions_default",
    "publish_timeout_ms",
    "read_connections",
    "replication_factor",
    "response_ms_max",
    "session_timeout_ms",
    "statement_timeout_ms",
    "write_connections",
];
const FLAGS: [&str; 1] = ["create_topics"];
/// Texts separated by commas.
const LISTS: [&str; 1] = ["bootstrap_servers"];
/// What may stand in a file of its own, whose path is then given under the key with `_file` behind it.
const SECRETS: [(&str, Option<&str>, &str); 5] = [
    ("postgres", None, "url"),
    ("postgres", None, "password"),
    ("kafka", Some("sasl"), "password"),
    ("kafka", Some("tls"), "key_password"),
    ("redis", None, "password"),
];

impl Servers {
    /// All three, or none.
    pub(super) fn of(
        postgres: Option<&PostgresConfig>,
        kafka: Option<&KafkaConfig>,
        redis: Option<&RedisConfig>,
    ) -> Result<Option<Self>, ConfigError> {
        match (postgres, kafka, redis) {
            (None, None, None) => Ok(None),
            (Some(postgres), Some(kafka), Some(redis)) => Ok(Some(Self {
                postgres: postgres.clone(),
                kafka: kafka.clone(),
                redis: redis.clone(),
            })),
            _ => {
                let given = [postgres.is_some(), kafka.is_some(), redis.is_some()];
                let missing = SECTIONS.into_iter().zip(given).filter(|(_, given)| !given);
                Err(ConfigError::Partial(
                    missing.map(|(section, _)| format!("[{section}]")).collect(),
                ))
            }
        }
    }
}

/// Checks each section that there is by itself.
pub(super) fn check(
    postgres: Option<&PostgresConfig>,
    kafka: Option<&KafkaConfig>,
    redis: Option<&RedisConfig>,
) -> Result<(), ConfigError> {
    let refuse = |section| move |problem| ConfigError::Server { section, problem };
    let of_postgres = |error| match error {
        dayloom_postgres::OpenError::Config(reason) => reason,
        other => other.to_string(),
    };
    let of_kafka = |error| match error {
        dayloom_kafka::OpenError::Config(reason) => reason,
        other => other.to_string(),
    };
    let of_redis = |error: dayloom_redis::ConfigError| error.to_string();
    if let Some(postgres) = postgres {
        postgres.validate().map_err(of_postgres).map_err(refuse("postgres"))?;
    }
    if let Some(kafka) = kafka {
        kafka.validate().map_err(of_kafka).map_err(refuse("kafka"))?;
    }
    if let Some(redis) = redis {
        redis.validate().map_err(of_redis).map_err(refuse("redis"))?;
    }
    Ok(())
}

/// Lays what the environment says of the servers over the file's tables, and reads the files that hold secrets.
pub(super) fn overlay(document: &mut Table, environment: &Environment) -> Result<(), ConfigError> {
    for (name, value) in environment {
        let Some((section, key)) = named(name) else { continue };
        let (table, key) = within(section, &key);
        let value = typed(key, value).map_err(|problem| ConfigError::Environment {
            name: name.clone(),
            problem: problem.to_owned(),
        })?;
        if let Some(table) = table_at(document, section, table) {
            table.insert(key.to_owned(), value);
        }
    }
    for (section, inner, key) in SECRETS {
        let in_document = document.get_mut(section).and_then(Value::as_table_mut);
        let table = match inner {
            None => in_document,
            Some(inner) => in_document.and_then(|table| table.get_mut(inner)?.as_table_mut()),
        };
        if let Some(table) = table
            && let Some(Value::String(path)) = table.remove(&format!("{key}_file"))
        {
            table.insert(key.to_owned(), Value::String(read_secret(Path::new(&path))?));
        }
    }
    Ok(())
}

/// What a file says but for white space around it.
pub(super) fn read_secret(path: &Path) -> Result<String, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Secret {
        path: path.to_owned(),
        source,
    })?;
    Ok(text.trim().to_owned())
}

/// The section and the key of a variable's name.
fn named(name: &str) -> Option<(&'static str, String)> {
    let rest = name.strip_prefix("DAYLOOM_")?.to_ascii_lowercase();
    SECTIONS.into_iter().find_map(|section| {
        let key = rest.strip_prefix(section)?.strip_prefix('_')?;
        Some((section, key.to_owned()))
    })
}

fn within<'a>(section: &str, key: &'a str) -> (Option<&'static str>, &'a str) {
    TABLES
        .into_iter()
        .filter(|(owner, _)| *owner == section)
        .find_map(|(_, table)| Some((Some(table), key.strip_prefix(table)?.strip_prefix('_')?)))
        .unwrap_or((None, key))
}

/// The table, made if need be; none if something else has its name, which is refused when the document is read.
fn table_at<'a>(document: &'a mut Table, section: &str, inner: Option<&str>) -> Option<&'a mut Table> {
    let mut table = document;
    for name in std::iter::once(section).chain(inner) {
        table = table
            .entry(name)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()?;
    }
    Some(table)
}

fn typed(key: &str, value: &str) -> Result<Value, &'static str> {
    Ok(if NUMBERS.contains(&key) {
        Value::Integer(value.parse().map_err(|_| "is no whole number")?)
    } else if FLAGS.contains(&key) {
        Value::Boolean(value.parse().map_err(|_| "is neither true nor false")?)
    } else if LISTS.contains(&key) {
        super::list(value)
    } else {
        Value::String(value.to_owned())
    })
}
