use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dayloom_ports::{Broadcast, BroadcastError, Message};
use redis::Script;

use crate::{
    config::{ConfigError, RedisConfig},
    link::Link,
    server::Server,
};

/// Messages the log keeps: a few minutes of a busy deployment, as long as a gateway keeps its histories.
pub(crate) const LOG_MESSAGES_MAX: usize = 10_000;
/// Bytes of messages the log keeps: a gateway holds each in two forms within its 64 MiB.
pub(crate) const LOG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages and bytes of one append: the server does nothing else meanwhile, so a few milliseconds.
const APPEND_MESSAGES_MAX: usize = 100;
const APPEND_BYTES_MAX: usize = 1024 * 1024;

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
            let (part, later) = rest.split_at(part_len(rest));
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

/// How many messages go into the next append, at least one.
fn part_len(messages: &[Message]) -> usize {
    let mut bytes = 0;
    let fits = |message: &&Message| {
        bytes += message.user_id.len() + message.event_id.len() + message.body.len();
        bytes <= APPEND_BYTES_MAX
    };
    let fitting = messages.iter().take(APPEND_MESSAGES_MAX).take_while(fits).count();
    fitting.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(count: usize, body_bytes: usize) -> Vec<Message> {
        let message = Message {
            user_id: "u".to_owned(),
            event_id: "e".to_owned(),
            body: "x".repeat(body_bytes - 2),
        };
        vec![message; count]
    }

    #[test]
    fn an_append_has_so_many_messages_and_bytes() {
        assert_eq!(part_len(&messages(APPEND_MESSAGES_MAX + 1, 10)), APPEND_MESSAGES_MAX);
        assert_eq!(
            part_len(&messages(APPEND_MESSAGES_MAX - 1, 10)),
            APPEND_MESSAGES_MAX - 1
        );
        assert_eq!(part_len(&messages(5, APPEND_BYTES_MAX / 4)), 4);
        assert_eq!(part_len(&messages(5, APPEND_BYTES_MAX / 4 + 1)), 3);
        assert_eq!(part_len(&messages(2, APPEND_BYTES_MAX + 1)), 1, "one goes in any case");
    }
}
