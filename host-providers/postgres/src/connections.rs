use std::ops::Deref;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{SqlError, told};
use crate::{OpenError, PostgresConfig, tls};

/// How long a transaction may stand still between two of its statements: they come in one go, so whoever does is gone.
const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// How long a place in a pool is kept for what its caller gave up: longer than the server lets anything stand.
const ENDING_MAX: Duration = Duration::from_secs(30);

/// Between two times the server is told to stop: what reaches it between two statements goes unheard.
const TELL_AGAIN: Duration = Duration::from_millis(100);

/// Prepared statements a connection keeps, of about 10 KiB on the server: several times what an application has texts.
const STATEMENTS_PREPARED_MAX: usize = 512;

/// Said on a connection for reading once it is there: said while connecting, it would look like a standby's.
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Queries; the server refuses writes.
    Read,
    /// Commits.
    Write,
    /// Migrations, exports and imports: takes its time.
    Maintain,
    /// A relay.
    Relay(RelayTimes),
}

/// The server's limits for a relay, which handles batches where others handle rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RelayTimes {
    /// How long one statement may run.
    pub(crate) statement_max: Duration,
    /// How long it may stand still in its transaction while it publishes.
    pub(crate) standstill_max: Duration,
}

/// Makes connections of every purpose.
#[derive(Clone)]
pub(crate) struct Connector {
    client: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    config: PostgresConfig,
}

impl Connector {
    pub(crate) fn new(config: PostgresConfig) -> Result<Self, OpenError> {
        Ok(Self {
            client: config.client()?,
            tls: tls::connector(&config)?,
            config,
        })
    }

    /// How long making a connection may take: servers are tried one after the other.
    fn connect_max(&self) -> Duration {
        let servers = u32::try_from(self.client.get_hosts().len()).unwrap_or(u32::MAX);
        self.config.connect_timeout().saturating_mul(servers)
    }

    /// How long a call may take: a connection is waited for and made, and the statements run. The server's own limits come
    /// first, unless it stands still as a whole.
    pub(crate) fn call_max(&self) -> Duration {
        let statements = 2 * Duration::from_millis(self.config.statement_timeout_ms.into());
        self.config.connect_timeout() + self.connect_max() + statements
    }

    /// One connection of its own and what drives it; messages of the server are the driver's.
    pub(crate) async fn connect(
        &self,
        purpose: Purpose,
    ) -> Result<
        (
            tokio_postgres::Client,
            tokio_postgres::Connection<
                tokio_postgres::Socket,
                <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket>>::Stream,
            >,
        ),
        SqlError,
    > {
        let settings = self.settings(purpose);
        // The client's own limit ends with the socket; the server may be silent after that too.
        match timeout(self.connect_max(), settings.connect(self.tls.clone())).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(SqlError::Unavailable("the database does not answer".to_owned())),
        }
    }

    /// A connection of its own whose driver runs until the client is dropped.
    pub(crate) async fn client(&self, purpose: Purpose) -> Result<tokio_postgres::Client, SqlError> {
        let (client, connection) = self.connect(purpose).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = told(&error), "a connection to the database ended");
            }
        });
        Ok(client)
    }

    /// Connections of one purpose that many share.
    pub(crate) fn pool(&self, purpose: Purpose) -> Result<Connections, OpenError> {
        let manager = Manager::from_config(
            self.settings(purpose),
            self.tls.clone(),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let size = match purpose {
            Purpose::Read => self.config.read_connections,
            _ => self.config.write_connections,
        };
        let wait = Some(self.config.connect_timeout());
        let mut pool = Pool::builder(manager);
        if purpose == Purpose::Read {
            pool = pool.post_create(Hook::async_fn(|client: &mut ClientWrapper, _| {
                Box::pin(async move { client.batch_execute(READ_ONLY).await.map_err(HookError::Backend) })
            }));
        }
        let pool = pool
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(wait)
            .create_timeout(Some(self.connect_max()))
            .build()
            .map_err(|error| OpenError::Config(error.to_string()))?;
        let tls = self.tls.clone();
        Ok(Connections { pool, tls })
    }

    /// The server keeps the time of every statement; `0` is no limit. It does not compile queries (`jit`), which takes
    /// longer than those of requests run, and can not be interrupted.
    fn settings(&self, purpose: Purpose) -> tokio_postgres::Config {
        let (statement_ms, lock_ms) = match purpose {
            Purpose::Maintain => (0, 0),
            Purpose::Relay(times) => (times.statement_max.as_millis(), times.statement_max.as_millis()),
            _ => (
                self.config.statement_timeout_ms.into(),
                self.config.lock_timeout_ms.into(),
            ),
        };
        let idle_ms = match purpose {
            Purpose::Maintain => 0,
            Purpose::Relay(times) => times.standstill_max.as_millis(),
            _ => IDLE_IN_TRANSACTION_MAX.as_millis(),
        };
        let mut client = self.client.clone();
        client.options(format!(
            "-c statement_timeout={statement_ms} -c lock_timeout={lock_ms} \
             -c idle_in_transaction_session_timeout={idle_ms} \
             -c jit=off -c default_transaction_isolation=read\\ committed -c standard_conforming_strings=on -c TimeZone=UTC"
        ));
        client
    }
}

/// A pool of connections.
#[derive(Clone)]
pub(crate) struct Connections {
    pool: Pool,
    /// For the connections on which the server is told to stop.
    tls: MakeRustlsConnect,
}

impl Connections {
    /// A connection on which nothing is under way.
    pub(crate) async fn lease(&self) -> Result<Lease, SqlError> {
        let object = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                SqlError::Unavailable(told(&error))
            }
            PoolError::Timeout(_) => SqlError::Unavailable("no connection to the database in time".to_owned()),
            other => SqlError::Unavailable(other.to_string()),
        })?;
        if object.statement_cache.size() > STATEMENTS_PREPARED_MAX {
            object.statement_cache.clear();
        }
        let tls = self.tls.clone();
        Ok(Lease {
            object: Some(object),
            tls,
        })
    }
}

/// A connection in use. It goes back only through [`Lease::give_back`]: whoever is dropped in the middle of something ends
/// it, and the server rolls back what was open.
pub(crate) struct Lease {
    /// None only while dropping.
    object: Option<Object>,
    tls: MakeRustlsConnect,
}

impl Lease {
    /// Nothing is under way on it any more.
    pub(crate) fn give_back(mut self) {
        drop(self.object.take());
    }

    /// The statement, prepared once per connection.
    pub(crate) async fn prepare(
        &self,
        sql: &str,
        types: &[Type],
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        let object: &Object = self;
        object.prepare_typed_cached(sql, types).await
    }
}

impl Deref for Lease {
    type Target = Object;

    fn deref(&self) -> &Object {
        self.object
            .as_ref()
            .expect("a lease holds a connection until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let ending = Ending { object: Some(object) };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(ending.end(self.tls.clone()));
        }
    }
}

/// A connection that its caller gave up. It keeps its place in the pool until the server is done with it: else callers that
/// come and go would have more running there than the pool has places.
struct Ending {
    /// None only while dropping.
    object: Option<Object>,
}

impl Ending {
    /// Tells the server to stop until it does, and waits for the answer behind all that was sent.
    async fn end(self, tls: MakeRustlsConnect) {
        let Some(object) = self.object.as_ref().filter(|object| !object.is_closed()) else {
            return;
        };
        let answer = object.batch_execute("ROLLBACK");
        let telling = async {
            loop {
                if let Err(error) = object.cancel_token().cancel_query(tls.clone()).await {
                    tracing::debug!(
                        error = told(&error),
                        "the server was not told to stop; it has its own limits"
                    );
                }
                tokio::time::sleep(TELL_AGAIN).await;
            }
        };
        let ended = timeout(ENDING_MAX, async {
            tokio::select! {
                answer = answer => answer,
                () = telling => Ok(()),
            }
        });
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::debug!("a connection that was given up ended by itself, or is left to the server");
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            // Taken out of the pool and closed.
            drop(Object::take(object));
        }
    }
}
