use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use dayloom_ports::{
    Broadcast, BroadcastError, Message,
    limits::{BROADCAST_BODY_BYTES_MAX, BROADCAST_MESSAGES_MAX},
};
use http::{Request, Response};
use http_body_util::Full;
use metrics::{counter, gauge};
use serde::de::IgnoredAny;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    authorize::Authorize,
    config::GatewayConfig,
    feed::Feed,
    handshake,
    listener::{Listener, lock},
    registry::Registry,
    sse::{self, SseBody},
};

/// Bytes of a user id or an event id: more than twice a UUID's text, as these are kept for every message.
const ID_BYTES_MAX: usize = 128;
/// A credential is looked at again after this, however long it is good for. Keeps deadlines within what a clock can add.
const EXPIRY_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a new connection waits for a log that has not been read yet: more than reading takes, less than clients wait for an
/// answer. If the log is away for longer, they are told to reload when it comes.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(2);

/// There are as many connections as there may be, in all or of this user. Worth repeating later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many connections")]
pub struct TooMany;

/// All live connections of this process. Clones are the same gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) registry: Arc<Mutex<Registry>>,
    pub(crate) closing: CancellationToken,
    /// The tasks of the WebSockets. SSE streams are driven by their HTTP connections.
    pub(crate) sessions: TaskTracker,
    free: Arc<Semaphore>,
    source: Source,
    /// Whether everything that there was to read has been read once.
    caught_up: watch::Receiver<bool>,
}

/// Where the messages of the connections come from.
#[derive(Clone)]
enum Source {
    /// From what is sent here, and nowhere else.
    Here,
    /// From a log that several gateways read; this is how to write to it.
    Log(Arc<dyn Broadcast>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Here => "Here",
            Self::Log(_) => "Log",
        })
    }
}

impl Gateway {
    /// A gateway without connections, which shows them what is sent through it.
    pub fn new(config: GatewayConfig) -> Self {
        let registry = Registry::new(&config);
        let (_, caught_up) = watch::channel(true);
        Self::with(config, registry, Source::Here, caught_up)
    }

    /// One of several gateways: what is sent goes to `log`, and what the feed is given is shown.
    pub fn over(config: GatewayConfig, log: Arc<dyn Broadcast>) -> (Self, Feed) {
        let registry = Registry::of_log(&config);
        let (told, caught_up) = watch::channel(false);
        let gateway = Self::with(config, registry, Source::Log(log), caught_up);
        let feed = Feed::new(Arc::clone(&gateway.registry), told);
        (gateway, feed)
    }

    fn with(config: GatewayConfig, registry: Registry, source: Source, caught_up: watch::Receiver<bool>) -> Self {
        metrics::describe_gauge!("dayloom_realtime_connections", "Open live connections");
        metrics::describe_counter!("dayloom_realtime_messages_total", "Messages taken for a connected user");
        metrics::describe_counter!(
            "dayloom_realtime_dropped_slow_total",
            "Connections closed for being too slow"
        );
        Self {
            registry: Arc::new(Mutex::new(registry)),
            free: Arc::new(Semaphore::new(config.connections_max.min(Semaphore::MAX_PERMITS))),
            config: Arc::new(config),
            closing: CancellationToken::new(),
            sessions: TaskTracker::new(),
            source,
            caught_up,
        }
    }

    /// Answers a WebSocket handshake and, after a `101`, serves the connection in a task of its own.
    ///
    /// The token comes as subprotocol `bearer.<token>` beside `dayloom.v1`, or as the first message. A malformed
    /// handshake is answered with `400`, `405` or `426`, a foreign origin with `403`, one connection too many with `503`.
    /// Needs the request as hyper gave it (its extensions carry the upgrade) and a runtime to spawn on.
    pub fn websocket<B>(&self, request: Request<B>, authorize: Arc<dyn Authorize>) -> Response<Full<Bytes>> {
        handshake::answer(self, request, authorize)
    }

    /// Opens a stream of Server-Sent Events for a user that was authenticated, ending after `expires_in` (at most 24
    /// hours). `last_event_id` is the request's `Last-Event-ID`.
    ///
    /// # Errors
    /// The user, or the process, has as many connections as it may; answer `503` or `429` with `Retry-After`.
    pub async fn sse(
        &self,
        user_id: &str,
        last_event_id: Option<&str>,
        expires_in: Duration,
    ) -> Result<Response<SseBody>, TooMany> {
        sse::open(self, user_id, last_event_id, expires_in).await
    }

    /// Closes every connection (WebSockets with 1001) and waits until the WebSockets are closed, at most a few seconds.
    /// SSE streams end with the next poll of their HTTP connection. New connections are turned away.
    pub async fn shutdown(&self) {
        self.closing.cancel();
        self.free.close();
        self.sessions.close();
        self.sessions.wait().await;
    }

    pub(crate) fn slot(&self, kind: &'static str) -> Result<Slot, TooMany> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| TooMany)?;
        gauge!("dayloom_realtime_connections", "kind" => kind).increment(1);
        Ok(Slot { kind, _permit: permit })
    }

    /// Else who resumes on a gateway that has just started would be told that what was missed is gone.
    pub(crate) async fn listen(&self, user_id: &str) -> Result<Listener, TooMany> {
        // A feed that is gone, or late, is no reason to turn anybody away.
        let _ = timeout(CAUGHT_UP_WITHIN, self.caught_up.clone().wait_for(|is_so| *is_so)).await;
        Listener::join(&self.registry, user_id)
    }
}

/// When a credential that is good for `expires_in` ends.
pub(crate) fn expiry(expires_in: Duration) -> Instant {
    Instant::now() + expires_in.min(EXPIRY_MAX)
}

pub(crate) fn count_taken(messages: u64) {
    counter!("dayloom_realtime_messages_total").increment(messages);
}

pub(crate) fn count_slow(kind: &'static str) {
    counter!("dayloom_realtime_dropped_slow_total", "kind" => kind).increment(1);
}

/// One of the connections that may be open at once.
#[derive(Debug)]
pub(crate) struct Slot {
    kind: &'static str,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        gauge!("dayloom_realtime_connections", "kind" => self.kind).decrement(1);
    }
}

#[async_trait]
impl Broadcast for Gateway {
    /// Nothing is sent if any message is invalid. Never waits for a connection; a log that is away is `Unavailable`.
    async fn send(&self, messages: Vec<Message>) -> Result<(), BroadcastError> {
        check(&messages).map_err(BroadcastError::Invalid)?;
        if let Source::Log(log) = &self.source {
            return log.send(messages).await;
        }
        let now = Instant::now();
        let mut taken = 0;
        for message in messages {
            // Locked for each message, so that a large batch does not hold up the connections.
            taken += u64::from(lock(&self.registry).send(message, now));
        }
        count_taken(taken);
        Ok(())
    }

    async fn ready(&self) -> Result<(), String> {
        if self.closing.is_cancelled() {
            return Err("shutting down".into());
        }
        match &self.source {
            Source::Here => Ok(()),
            Source::Log(log) => log.ready().await,
        }
    }
}

fn check(messages: &[Message]) -> Result<(), String> {
    if messages.len() > BROADCAST_MESSAGES_MAX {
        return Err(format!("{} messages, at most {BROADCAST_MESSAGES_MAX}", messages.len()));
    }
    for message in messages {
        if message.body.len() > BROADCAST_BODY_BYTES_MAX {
            return Err(format!(
                "a body of {} bytes, at most {BROADCAST_BODY_BYTES_MAX}",
                message.body.len()
            ));
        }
        if [&message.user_id, &message.event_id]
            .iter()
            .any(|id| id.is_empty() || id.len() > ID_BYTES_MAX)
        {
            return Err(format!("an id outside 1 to {ID_BYTES_MAX} bytes"));
        }
        // The body is put into the server message as it is: anything but JSON would let it say something else.
        serde_json::from_str::<IgnoredAny>(&message.body)
            .map_err(|error| format!("a body that is not JSON: {error}"))?;
    }
    Ok(())
}
