use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::{
    ComponentId, Event, EventSink, Row, Statement, StatementOutcome, Storage, StorageError, Subscription, TopicMap,
    Value,
};
use dayloom_sql::check_params;
use tokio_util::sync::CancellationToken;

use crate::checkpoints::Checkpoints;
use crate::data_dir::DataDir;
use crate::dispatch::{Dispatcher, trim_log, undelivered};
use crate::firewall::Grants;
use crate::log::{Tail, last_position};
use crate::metrics::WriterMetrics;
use crate::queue::Queue;
use crate::readers::Readers;
use crate::request::CommitRequest;
use crate::session::Session;
use crate::time::now_ms;
use crate::writer::Writer;
use crate::{Grant, OpenError, SqliteConfig, connection, migrations};

/// How long a readiness check waits for the writer: probes give up after a second or two.
const READY_WAIT_MAX: Duration = Duration::from_secs(1);

/// The database of one data directory, which no other process can open meanwhile.
///
/// Dropping it finishes the writes that were accepted, then closes and unlocks; it blocks for that long.
pub struct SqliteStore {
    grants: Arc<Grants>,
    topic_map: Arc<TopicMap>,
    subscriptions: Vec<Subscription>,
    log_retention: Duration,
    tail: Arc<Tail>,
    pub(crate) readers: Readers,
    pub(crate) queue: Queue,
    /// None only while dropping.
    writer: Option<JoinHandle<()>>,
    healthy: Arc<AtomicBool>,
    /// Released last.
    _data_dir: DataDir,
}

impl SqliteStore {
    /// Opens the data directory (made if needed), brings its schema up to date and starts the writer.
    ///
    /// Blocks on disk. Metrics go to the recorder that is installed by now.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing is left running.
    pub fn open(config: SqliteConfig) -> Result<Arc<Self>, OpenError> {
        config.validate()?;
        let data_dir = DataDir::acquire(&config.data_dir)?;
        let path = data_dir.database();
        let grants = Arc::new(Grants::new(config.grants));
        let mut connection = connection::open_writer(&path, config.size_bytes_max)?;
        let checkpoints = Checkpoints::take_over(&mut connection)?;
        let session = Session::new(connection, &grants)?;
        migrations::migrate(&session, &config.migrations_dir)?;
        grants.learn_names(session.as_host())?;
        let last_position = last_position(session.as_host())?;
        let readers = Readers::open(&path, &grants)?;
        let tail = Arc::new(Tail::new(last_position));
        let healthy = Arc::new(AtomicBool::new(true));
        let (queue, messages) = Queue::new();
        let metrics = WriterMetrics::register();
        let writer = Writer {
            session,
            tail: tail.clone(),
            metrics,
            last_position,
            healthy: healthy.clone(),
        };
        let writer = writer
            .spawn(checkpoints, messages, &queue)
            .map_err(|source| OpenError::File { path, source })?;
        Ok(Arc::new(Self {
            grants,
            topic_map: Arc::new(config.topic_map),
            subscriptions: config.subscriptions,
            log_retention: config.log_retention,
            tail,
            readers,
            queue,
            writer: Some(writer),
            healthy,
            _data_dir: data_dir,
        }))
    }

    /// Hands committed events to their subscribers until `shutdown` is cancelled; then the calls that are under way
    /// finish, and progress is written down.
    ///
    /// Call it once per store: two dispatchers would deliver everything twice.
    ///
    /// # Errors
    /// `Unavailable` if the progress of the subscribers can not be read or, at the end, written.
    pub async fn dispatch(&self, sink: Arc<dyn EventSink>, shutdown: CancellationToken) -> Result<(), StorageError> {
        let dispatcher = Dispatcher {
            tail: self.tail.clone(),
            readers: self.readers.clone(),
            queue: self.queue.clone(),
            topic_map: self.topic_map.clone(),
            subscriptions: self.subscriptions.clone(),
            log_retention: self.log_retention,
            sink,
        };
        dispatcher.run(shutdown).await
    }

    /// Deliveries that are still owed: events behind which a subscriber's place lies, once for each. A dispatcher writes
    /// places down every 100 ms.
    ///
    /// # Errors
    /// `Unavailable` if the database can not be read now.
    pub async fn undelivered(&self) -> Result<u64, StorageError> {
        undelivered(&self.readers, &self.subscriptions).await
    }

    /// Deletes events that are older than the retention and that every subscriber is past; returns how many. The
    /// dispatcher does this every minute.
    ///
    /// # Errors
    /// `Unavailable` if the database does not take writes now.
    pub async fn trim_log(&self) -> Result<usize, StorageError> {
        trim_log(&self.queue, &self.subscriptions, self.log_retention).await
    }

    fn grant(&self, component: &ComponentId) -> Result<(usize, &Grant), StorageError> {
        self.grants
            .of(component)
            .ok_or_else(|| StorageError::Invalid(format!("storage is not granted to `{component}`")))
    }
}

#[async_trait]
impl Storage for SqliteStore {
    async fn query(&self, component: &ComponentId, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        let (component, _) = self.grant(component)?;
        check_params(params)?;
        self.readers.query(component, sql, params).await
    }

    async fn commit(
        &self,
        component: &ComponentId,
        statements: Vec<Statement>,
        events: Vec<Event>,
    ) -> Result<Vec<StatementOutcome>, StorageError> {
        let (component, grant) = self.grant(component)?;
        self.queue
            .commit(CommitRequest::new(
                component,
                grant,
                &self.topic_map,
                statements,
                events,
            )?)
            .await
    }

    async fn ready(&self) -> Result<(), String> {
        let check = async {
            self.readers
                .host(|connection| connection.query_row("SELECT 1", [], |_| Ok(())))
                .await?;
            // Without a failure behind it an empty transaction will do, which costs no fsync.
            let probe = !self.healthy.load(Relaxed);
            let write = move |connection: &rusqlite::Connection| match probe {
                true => connection.execute("UPDATE host_probe SET written_at = ?1", [now_ms().cast_signed()]),
                false => Ok(0),
            };
            self.queue.host(write).await
        };
        match tokio::time::timeout(READY_WAIT_MAX, check).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the database does not answer in time".to_owned()),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue.stop();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer had panicked");
        }
    }
}
