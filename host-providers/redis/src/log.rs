use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dayloom_ports::{
    Broadcast, BroadcastError, Message,
    live::{LOG_BYTES_MAX, LOG_MESSAGES_MAX, append_len},
};
use redis::Script;

use crate::{
    config::{ConfigError, RedisConfig},
    link::Link,
    server::Server,
};

/// Appends messages to the log that it is put before.
const APPEND: &str = concat!(include_str!("scripts/begin.lua"), include_str!("scripts/append.lua"));

/// The log of live messages that several gateways share: all write to it, and each [follows](Self::follow) it.
///
/// One stream for all users, numbered without gaps, so that a reader that missed something knows it. Its epoch changes
/// whenever entries may have been lost: with another run of the server, or when the log is gone. A gateway that starts
/// reads what is kept first.
///
/// As a [`Broadcast`] it only writes, and trusts that the gateway before it has checked the messages.
pub struct RedisLog {
    pub(crate) server: Server,
    link: Link,
    pub(crate) keys: [String; 2],
    append: Script,
    /// Whether [`follow`](Self::follow) has caught up; why not, if not.
    following: Mutex<Result<(), String>>,
}

impl RedisLog {
    /// Connects, and returns even if the server is away: it may come later.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub async fn connect(config: &RedisConfig) -> Result<Arc<Self>, ConfigError> {
        let server = Server::new(config)?;
        Ok(Arc::new(Self {
            link: Link::open(server.clone()).await,
            server,
            keys: ["log", "state"].map(|name| format!("{}:live:{name}", config.prefix)),
            append: Script::new(APPEND),
            following: Mutex::new(Err("the log of live messages is not read yet".to_owned())),
        }))
    }

    /// Notes whether what is in the log is seen by this host's clients.
    pub(crate) fn note(&self, following: Result<(), String>) {
        *self.following.lock().unwrap_or_else(PoisonError::into_inner) = following;
    }

    async fn append(&self, messages: &[Message]) -> Result<(), String> {
        let mut append = self.append.prepare_invoke();
        for key in &self.keys {
            append.key(key);
        }
        append.arg(LOG_MESSAGES_MAX).arg(LOG_BYTES_MAX);
        for message in messages {
            append.arg(&message.user_id).arg(&message.event_id).arg(&message.body);
        }
        self.link
            .call(|mut connection| async move { append.invoke_async::<()>(&mut connection).await })
            .await
    }
}

#[async_trait]
impl Broadcast for RedisLog {
    /// In order. After `Unavailable` some of the first may be in the log; the gateways drop their repeats.
    async fn send(&self, messages: Vec<Message>) -> Result<(), BroadcastError> {
        let mut rest = &messages[..];
        while !rest.is_empty() {
            let (part, later) = rest.split_at(append_len(rest.iter().map(size)));
            self.append(part).await.map_err(BroadcastError::Unavailable)?;
            rest = later;
        }
        Ok(())
    }

    async fn ready(&self) -> Result<(), String> {
        let following = self.following.lock().unwrap_or_else(PoisonError::into_inner).clone();
        following?;
        self.link.ping().await
    }
}

fn size(message: &Message) -> usize {
    message.user_id.len() + message.event_id.len() + message.body.len()
}
