use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dayloom_ports::{
    ComponentId, Event, EventPublisher, Grant, Row, Statement, StatementOutcome, Storage, StorageError, TopicMap, Value,
};
use dayloom_sql::{admit, check_params};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::commit::Commit;
use crate::connections::{Connections, Connector, Purpose};
use crate::error::SqlError;
use crate::firewall::{CheckedText, Firewall, Kind};
use crate::metrics::StoreMetrics;
use crate::relay::{Relay, RelayError};
use crate::statement::{ResultAllowance, prepare, run};
use crate::waker::Waker;
use crate::{OpenError, PostgresConfig, catalog, import, migrations};

/// How long a readiness check waits: probes give up after a second or two.
const READY_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often a call is tried that the server rolled back in favour of another one, or whose connection was stale.
const ATTEMPTS_MAX: u32 = 5;

/// The longest pause before the second attempt; it grows with each one. Deadlocks are found after a second, so who comes
/// back then rarely meets the same one.
const PAUSE: Duration = Duration::from_millis(20);

/// A database that this host shares with others.
pub struct PostgresStore {
    pub(crate) connector: Connector,
    readers: Connections,
    pub(crate) writers: Connections,
    firewall: Firewall,
    topic_map: TopicMap,
    waker: Arc<Waker>,
    teller: JoinHandle<()>,
    metrics: StoreMetrics,
    call_max: Duration,
    /// Tells this host's claims on timers from those of others.
    pub(crate) holder: Uuid,
}

impl PostgresStore {
    /// Connects, brings the schema up to date and checks that the server keeps the interface's promises.
    ///
    /// Waits for another host that migrates. Metrics go to the recorder that is installed by now.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left running.
    pub async fn open(
        config: PostgresConfig,
        grants: HashMap<ComponentId, Grant>,
        topic_map: TopicMap,
        migrations_dir: &Path,
    ) -> Result<Arc<Self>, OpenError> {
        for (component, grant) in &grants {
            grant
                .check_tables()
                .map_err(|reason| OpenError::Config(format!("`{component}`: {reason}")))?;
        }
        let connector = Connector::new(config)?;
        let call_max = connector.call_max();
        let client = connector.client(Purpose::Maintain).await?;
        catalog::check_server(&client).await?;
        migrations::migrate(&client, migrations_dir).await?;
        if import::is_under_way(&client).await? {
            return Err(OpenError::Importing);
        }
        let firewall = Firewall::new(grants);
        firewall.learn(catalog::read(&client).await?);
        let readers = connector.pool(Purpose::Read)?;
        let writers = connector.pool(Purpose::Write)?;
        let waker = Arc::new(Waker::default());
        let teller = {
            let (waker, writers) = (waker.clone(), writers.clone());
            tokio::spawn(async move { waker.tell_others(&writers).await })
        };
        Ok(Arc::new(Self {
            connector,
            readers,
            writers,
            firewall,
            topic_map,
            waker,
            teller,
            metrics: StoreMetrics::register(),
            call_max,
            holder: Uuid::now_v7(),
        }))
    }

    /// Whether the server can be reached and keeps the interface's promises. Changes nothing.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn check(config: &PostgresConfig) -> Result<(), OpenError> {
        let client = Connector::new(config.clone())?.client(Purpose::Maintain).await?;
        catalog::check_server(&client).await
    }

    /// Publishes committed events until `stop` is cancelled; then the batch that is under way is finished.
    ///
    /// As many relays as there are hosts, or more, may run on one database: they share the work, and a key's order holds
    /// across them. A publisher or a database that is away is waited for. Dropping the future is like the death of the
    /// host: what it had in hand is published again by another.
    ///
    /// # Errors
    /// [`RelayError`] if the database refuses the relay's own statements, which no waiting mends.
    pub async fn relay(&self, publisher: Arc<dyn EventPublisher>, stop: CancellationToken) -> Result<(), RelayError> {
        Relay::new(self.connector.clone(), self.waker.clone(), publisher)
            .run(stop)
            .await
    }

    /// Gives a call up that the server does not answer at all; whether it was applied is unknown then.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        match tokio::time::timeout(self.call_max, call).await {
            Ok(answer) => answer,
            Err(_) => Err(StorageError::Unavailable(
                "the database does not answer in time".to_owned(),
            )),
        }
    }

    async fn query_once(&self, text: &CheckedText, params: &[Value]) -> Result<Vec<Row>, SqlError> {
        let lease = self.readers.lease().await?;
        let allowance = ResultAllowance::default();
        let result = match prepare(&lease, text, params).await {
            Ok(statement) => run(&lease, &statement, params, &allowance).await,
            Err(error) => Err(error),
        };
        // After anything else the server may still be answering.
        if matches!(result, Ok(_) | Err(SqlError::Invalid(_))) {
            lease.give_back();
        }
        result.map(|(_, rows)| rows)
    }

    async fn commit_once(&self, commit: &Commit<'_>) -> Result<Vec<StatementOutcome>, (SqlError, u32)> {
        let lease = self.writers.lease().await.map_err(|error| (error, 0))?;
        commit.apply(lease).await
    }

    async fn commit_checked(
        &self,
        component: &ComponentId,
        statements: &[Statement],
        events: &[Event],
    ) -> Result<Vec<StatementOutcome>, StorageError> {
        let component = self.firewall.component(component)?;
        let admitted = admit(&component.grant, &self.topic_map, statements, events)?;
        let mut texts = Vec::with_capacity(statements.len());
        for (index, statement) in (0..).zip(statements) {
            let text = self.firewall.check(component, &statement.sql);
            texts.push(text.map_err(|error| error.into_storage_error(index))?);
        }
        if statements.is_empty() && events.is_empty() {
            return Ok(Vec::new());
        }
        let commit = Commit {
            statements,
            texts,
            events,
            event_ids: &admitted.event_ids,
            topic_map: &self.topic_map,
        };
        let mut attempt = 1;
        loop {
            match self.commit_once(&commit).await {
                Ok(outcomes) => return Ok(outcomes),
                Err((SqlError::Again(reason), _)) if attempt < ATTEMPTS_MAX => {
                    tracing::debug!(reason, attempt, "a commit is tried again");
                    self.metrics.repeated();
                    tokio::time::sleep((PAUSE * attempt).mul_f64(fastrand::f64())).await;
                    attempt += 1;
                }
                Err((error, index)) => return Err(error.into_storage_error(index)),
            }
        }
    }
}

#[async_trait]
impl Storage for PostgresStore {
    async fn query(&self, component: &ComponentId, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        let component = self.firewall.component(component)?;
        check_params(params)?;
        let text = self.firewall.check(component, sql);
        let text = text.map_err(|error| error.into_storage_error(0))?;
        if text.kind != Kind::Query {
            return Err(StorageError::Invalid("a query may not write".to_owned()));
        }
        let mut attempt = 1;
        let call = async {
            loop {
                match self.query_once(&text, params).await {
                    Ok(rows) => return Ok(rows),
                    // A query changes nothing, so it may as well be asked again.
                    Err(SqlError::Again(_)) if attempt < ATTEMPTS_MAX => attempt += 1,
                    Err(error) => return Err(error.into_storage_error(0)),
                }
            }
        };
        self.in_time(call).await
    }

    async fn commit(
        &self,
        component: &ComponentId,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Vec<StatementOutcome>, StorageError> {
        let begun = Instant::now();
        let answer = self.in_time(self.commit_checked(component, &statements, &events)).await;
        self.metrics.answered(&answer, begun.elapsed());
        if answer.is_ok() && !events.is_empty() {
            self.waker.wake();
        }
        answer
    }

    async fn ready(&self) -> Result<(), String> {
        let [reads, writes] = [&self.readers, &self.writers].map(|connections| takes_calls(connections.clone()));
        let check = tokio::time::timeout(self.call_max, async { tokio::try_join!(reads, writes) });
        // A task, because it goes on when the probe has given up: else connections that take longer to make than a probe
        // waits would never be there for the next one.
        match tokio::time::timeout(READY_WAIT_MAX, tokio::spawn(check)).await {
            Ok(Ok(Ok(Ok(_)))) => Ok(()),
            Ok(Ok(Ok(Err(error)))) => Err(error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(Err(_))) | Err(_) => Err("the database does not answer in time".to_owned()),
        }
    }
}

/// Whether the server behind these connections answers, and takes writes.
async fn takes_calls(connections: Connections) -> Result<(), SqlError> {
    let lease = connections.lease().await?;
    let is_standby: bool = lease.query_one("SELECT pg_is_in_recovery()", &[]).await?.get(0);
    lease.give_back();
    match is_standby {
        true => Err(SqlError::Unavailable("the server is a standby".to_owned())),
        false => Ok(()),
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.teller.abort();
    }
}
