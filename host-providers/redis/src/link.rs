use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, aio::MultiplexedConnection, cmd};
use tokio::{
    sync::Notify,
    time::{error::Elapsed, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::server::Server;

/// Time between pings while nothing else is said: a server that went away is noticed by us, not by a request.
const PING_EVERY: Duration = Duration::from_secs(2);
/// Waits between attempts to connect: doubled from the first to the last, and jittered so that hosts do not come all at once.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);

/// One connection to the server, shared by all calls and made anew whenever it breaks.
///
/// A call while there is none fails at once: nothing waits for a connection, so nothing piles up behind one.
pub(crate) struct Link {
    shared: Arc<Shared>,
    _keeper: AbortOnDropHandle<()>,
}

struct Shared {
    server: Server,
    state: Mutex<State>,
    /// Woken when a call has found the connection broken.
    broken: Notify,
}

/// The connection and its number, or why there is none.
struct State {
    connection: Result<MultiplexedConnection, String>,
    number: u64,
}

impl Link {
    /// Begins to connect, and returns with the first connection or when the first attempt has failed.
    pub(crate) async fn open(server: Server) -> Self {
        let state = State {
            connection: Err("not connected yet".to_owned()),
            number: 0,
        };
        let shared = Arc::new(Shared {
            server,
            state: Mutex::new(state),
            broken: Notify::new(),
        });
        let first = shared.connect().await;
        if let Err(reason) = &shared.state().connection {
            tracing::warn!(reason, "redis can not be reached; trying on");
        }
        let keeper = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move { shared.keep(first).await }
        });
        Self {
            shared,
            _keeper: AbortOnDropHandle::new(keeper),
        }
    }

    /// Runs a few commands on the connection. What took too long may have happened or not.
    ///
    /// # Errors
    /// There is no connection, no answer in time, or a server that refuses; a line says which.
    pub(crate) async fn call<T, F>(&self, commands: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, String>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let (connection, number) = {
            let state = self.shared.state();
            (state.connection.clone()?, state.number)
        };
        // The connection's own limit is of the answer alone; this one is of waiting for a place in its queue too.
        let answer = timeout(self.shared.server.response_within, commands(connection)).await;
        self.shared.judge(number, answer)
    }

    /// Whether the server answers.
    pub(crate) async fn ping(&self) -> Result<(), String> {
        self.call(|mut connection| async move { cmd("PING").exec_async(&mut connection).await })
            .await
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Only whole values are ever stored.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer of a call on connection `number`. If it tells that the connection is lost, later calls fail at once
    /// until there is another.
    fn judge<T>(&self, number: u64, answer: Result<RedisResult<T>, Elapsed>) -> Result<T, String> {
        let (reason, is_lost) = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => (error.to_string(), is_lost(&error)),
            Err(_) => ("no answer in time".to_owned(), true),
        };
        let mut state = self.state();
        if is_lost && state.number == number && state.connection.is_ok() {
            tracing::warn!(reason, "the connection to redis is lost");
            state.connection = Err(reason.clone());
            self.broken.notify_one();
        }
        Err(reason)
    }

    /// Makes a connection; false if that failed.
    async fn connect(&self) -> bool {
        let connected = self.server.connect(Duration::ZERO).await;
        let mut state = self.state();
        state.number += 1;
        state.connection = connected.map_err(|error| error.to_string());
        match &state.connection {
            Ok(_) => tracing::info!("connected to redis"),
            Err(reason) => tracing::debug!(reason, "redis can still not be reached"),
        }
        state.connection.is_ok()
    }

    async fn keep(&self, mut is_connected: bool) {
        let mut wait = RETRY_FIRST;
        loop {
            if is_connected {
                wait = RETRY_FIRST;
                self.until_broken().await;
            }
            sleep(jittered(wait)).await;
            wait = (2 * wait).min(RETRY_LAST);
            is_connected = self.connect().await;
        }
    }

    async fn until_broken(&self) {
        loop {
            tokio::select! {
                () = self.broken.notified() => {}
                () = sleep(PING_EVERY) => {}
            }
            let (connection, number) = {
                let state = self.state();
                (state.connection.clone(), state.number)
            };
            let Ok(mut connection) = connection else { return };
            let pong = timeout(self.server.response_within, cmd("PING").exec_async(&mut connection)).await;
            if self.judge(number, pong).is_err() {
                // Whether it is lost is looked at above, after a pause that keeps a refusing server from being flooded.
                sleep(RETRY_FIRST).await;
            }
        }
    }
}

/// Between half of it and all.
pub(crate) fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Whether another connection may do better. A server that is full or still loading stays the same one; one that became
/// a replica may have a successor behind the same name.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
