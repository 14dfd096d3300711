//! Reading: a few connections of their own, so that no query waits for the writer.
//!
//! Most queries take less time than handing them to another thread would, so they run where they are called, under a
//! budget of work. One that exceeds it is started over on a blocking thread, under a budget of time.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dayloom_ports::{Row, StorageError, Value};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::budget::Allowance;
use crate::connection::open_reader;
use crate::error::SqlError;
use crate::firewall::Grants;
use crate::session::Session;

/// Reading connections: more than cores, because a long query keeps one for seconds.
const READERS: usize = 6;

/// Reading connections that long queries may hold at a time, so that short ones always find one.
const LONG_READERS_MAX: usize = 4;

/// Work a query may do on the caller's thread, about 1 ms: what the other requests of that thread do not notice.
const INLINE_TICKS: u32 = 20;

/// Wall time of a long query, and of the wait for a connection: what a person waits for at most.
const QUERY_TIME_MAX: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Session>>>,
    free: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn open(path: &Path, grants: &Arc<Grants>) -> rusqlite::Result<Self> {
        let idle = (0..READERS)
            .map(|_| Session::new(open_reader(path)?, grants))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            idle: Arc::new(Mutex::new(idle)),
            free: Arc::new(Semaphore::new(READERS)),
            long: Arc::new(Semaphore::new(LONG_READERS_MAX)),
        })
    }

    /// Runs one `SELECT` of a component.
    pub(crate) async fn query(&self, component: usize, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        // The connection is given back before the long form asks for one.
        let short = {
            let lease = self.lease().await?;
            lease
                .session()
                .query(component, sql, params, Allowance::Ticks(INLINE_TICKS))
        };
        match short {
            Err(SqlError::Interrupted) => self.long_query(component, sql, params).await,
            other => other.map_err(|error| error.into_storage_error(0)),
        }
    }

    async fn long_query(&self, component: usize, sql: &str, params: &[Value]) -> Result<Vec<Row>, StorageError> {
        let (sql, params) = (sql.to_owned(), params.to_owned());
        self.on_thread(move |session| {
            session
                .query(component, &sql, &params, Allowance::Time(QUERY_TIME_MAX))
                .map_err(|error| error.into_storage_error(0))
        })
        .await
    }

    /// A short read of the host's own.
    pub(crate) async fn host<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        let lease = self.lease().await?;
        read(lease.session().as_host()).map_err(|error| SqlError::from(error).into_storage_error(0))
    }

    /// A read of the host's own that may take a few milliseconds, on a blocking thread.
    pub(crate) async fn host_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.on_thread(|session| read(session.as_host()).map_err(|error| SqlError::from(error).into_storage_error(0)))
            .await
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Session) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let long = permit(&self.long).await?;
        let lease = self.lease().await?;
        tokio::task::spawn_blocking(move || {
            let _long = long;
            read(lease.session())
        })
        .await
        .map_err(|_| StorageError::Unavailable("the read did not finish".to_owned()))?
    }

    async fn lease(&self) -> Result<Lease, StorageError> {
        let permit = permit(&self.free).await?;
        let session = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match session {
            Some(session) => Ok(Lease {
                session: Some(session),
                idle: self.idle.clone(),
                _permit: permit,
            }),
            None => Err(StorageError::Unavailable("no reading connection is left".to_owned())),
        }
    }
}

async fn permit(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, StorageError> {
    match timeout(QUERY_TIME_MAX, semaphore.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(StorageError::Unavailable("all reading connections are busy".to_owned())),
    }
}

/// A session on loan; goes back when dropped, even by a panic.
struct Lease {
    session: Option<Session>,
    idle: Arc<Mutex<Vec<Session>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    fn session(&self) -> &Session {
        self.session
            .as_ref()
            .expect("a lease holds its session until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
    }
}
