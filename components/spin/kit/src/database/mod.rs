//! The database of the application: Spin's SQLite, or PostgreSQL where `postgres_url` names one.

mod limits;
mod postgres;
mod sqlite;

use dayloom_ports::{Event, Grant, Row, Statement, StorageError, TopicMap, Value};
use dayloom_sql::{admit, check_params};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::application::Application;
use crate::settings::Settings;
use crate::{Error, Outcome};

use limits::Allowance;
use postgres::Postgres;
use sqlite::Sqlite;

/// Shards of the outbox, each published by one relay at a time. A key has one shard for ever, so this never changes; the
/// native relay of PostgreSQL relies on the same number.
pub const SHARDS: u8 = 16;

/// The application's database. Opening one costs nothing: a connection is made when it is used, and an empty or older
/// database is brought up to date by the first commit, or by the first query that misses something.
#[derive(Debug)]
pub struct Database {
    component: String,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Whose SQL the database speaks, for the few texts that both can not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// An expression for the present moment by the database's own clock, in milliseconds since the Unix epoch. All
    /// instances ask the same clock, so leases are measured with it.
    pub fn now_ms(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        }
    }

    /// A text expression as what a column of ids is: `uuid` on PostgreSQL in the tables of the native provider.
    pub fn uuid(self, expression: &str) -> String {
        match self {
            Self::Sqlite => expression.to_owned(),
            Self::Postgres => format!("({expression})::uuid"),
        }
    }
}

/// An event as it goes into the outbox.
#[derive(Debug)]
struct OutboxEvent<'a> {
    id: Uuid,
    shard: u8,
    event: &'a Event,
    topics: Vec<String>,
}

impl Database {
    /// The database of the settings.
    ///
    /// # Errors
    /// None at present; the database is not asked anything yet.
    pub fn open(settings: &Settings) -> Result<Self, Error> {
        let backend = match &settings.postgres_url {
            Some(url) => Backend::Postgres(Postgres::new(url.expose_secret())),
            None => Backend::Sqlite(Sqlite),
        };
        Ok(Self {
            component: settings.component.clone(),
            backend,
        })
    }

    /// Whose SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs one `SELECT`, with `$1 … $n` for the parameters.
    ///
    /// # Errors
    /// As `storage.query` of the interface.
    pub fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, Error> {
        check_params(params)?;
        match &self.backend {
            Backend::Sqlite(database) => database.query(sql, params),
            Backend::Postgres(database) => database.query(sql, params),
        }
    }

    /// Applies all statements and puts all events into the outbox, or does nothing at all. May touch the host's own
    /// tables too.
    ///
    /// # Errors
    /// As `storage.commit` of the interface.
    pub fn commit(&self, statements: &[Statement], events: &[Event]) -> Result<Vec<Outcome>, Error> {
        let (topics, grant) = self.event_rules(events)?;
        let admitted = admit(&grant, &topics, statements, events)?;
        let outbox: Vec<OutboxEvent<'_>> = admitted
            .event_ids
            .into_iter()
            .zip(events)
            .map(|(id, event)| OutboxEvent {
                id,
                shard: dayloom_sql::part_of(&event.key, SHARDS),
                event,
                topics: topics.topics_of(&event.event_type).to_vec(),
            })
            .collect();
        match &self.backend {
            Backend::Sqlite(database) => database.commit(statements, &outbox),
            Backend::Postgres(database) => database.commit(statements, &outbox),
        }
    }

    /// The manifest is read only if there are events.
    fn event_rules(&self, events: &[Event]) -> Result<(TopicMap, Grant), Error> {
        if events.is_empty() {
            return Ok((TopicMap::default(), Grant::default()));
        }
        let mut application = Application::read().map_err(|error| StorageError::Unavailable(error.to_string()))?;
        let Some(service) = application.services.remove(&self.component) else {
            let id = &self.component;
            return Err(StorageError::Invalid(format!(
                "the variable component_id is `{id}`, which the manifest does not have"
            )));
        };
        Ok((application.topics, service.grant))
    }
}
