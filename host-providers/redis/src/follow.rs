use std::{convert::Infallible, mem::take, time::Duration};

use dayloom_ports::live::Position;
use dayloom_realtime_gateway::Feed;
use redis::{ErrorKind, RedisError, RedisResult, Script, aio::MultiplexedConnection, cmd, streams::StreamReadReply};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    entry::{Entry, Kind, before, id},
    link::jittered,
    log::RedisLog,
};

/// Entries read at once: at most 16 MiB of messages.
const READ_ENTRIES_MAX: usize = 64;
/// How long the server waits for a new entry. Then it is asked whether it still has the log that is being read.
const BLOCK: Duration = Duration::from_secs(1);
/// Waits between attempts to read on: doubled from the first to the last, and jittered.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_secs(2);

const HEAD: &str = concat!(include_str!("scripts/begin.lua"), include_str!("scripts/head.lua"));

impl RedisLog {
    /// Reads the log into a gateway's feed until `stop`: first what is kept, then every message as it comes.
    ///
    /// While the server is away the gateway's clients stay connected. When it is back they go on where they were; if
    /// anything may have been missed, they are told to reload.
    pub async fn follow(&self, feed: Feed, stop: CancellationToken) {
        let mut reader = Reader {
            log: self,
            feed,
            reached: None,
            is_caught_up: true,
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = reader.run() => {}
        }
        self.note(Err("the log of live messages is not read any more".to_owned()));
    }
}

struct Reader<'a> {
    log: &'a RedisLog,
    feed: Feed,
    /// The last entry that was handed over, or passed by.
    reached: Option<Position>,
    /// Whether all that was there has been read since the last failure; true at first, so that the first one is told.
    is_caught_up: bool,
}

impl Reader<'_> {
    async fn run(&mut self) {
        let mut wait = RETRY_FIRST;
        loop {
            let Err(error) = self.read_on().await;
            if take(&mut self.is_caught_up) {
                wait = RETRY_FIRST;
                tracing::warn!(%error, "live messages can not be read");
            } else {
                tracing::debug!(%error, "live messages can still not be read");
            }
            self.log.note(Err(format!("live messages can not be read: {error}")));
            sleep(jittered(wait)).await;
            wait = (2 * wait).min(RETRY_LAST);
        }
    }

    /// Reads on a connection of its own, because a command that blocks holds up all that come after it.
    async fn read_on(&mut self) -> RedisResult<Infallible> {
        let mut connection = self.log.server.connect(BLOCK).await?;
        let head_script = Script::new(HEAD);
        loop {
            let head = self.head(&head_script, &mut connection).await?;
            let mut after = self.reached.unwrap_or(before(Position { number: 0, ..head }));
            loop {
                if after >= head {
                    self.is_caught_up = true;
                    self.log.note(Ok(()));
                    self.feed.caught_up();
                }
                let Some(newer) = self.read_after(after, &mut connection).await? else {
                    break;
                };
                after = newer;
            }
        }
    }

    /// The newest position of the log; the log is begun if it is not there, or not the one that was being read.
    async fn head(&self, script: &Script, connection: &mut MultiplexedConnection) -> RedisResult<Position> {
        let seen = self.reached.unwrap_or(Position { epoch: 0, number: 0 });
        let mut head = script.prepare_invoke();
        for key in &self.log.keys {
            head.key(key);
        }
        let (epoch, number) = head.arg(seen.epoch).arg(seen.number).invoke_async(connection).await?;
        Ok(Position { epoch, number })
    }

    /// Hands over what follows and returns the last position; nothing if nothing came for a while.
    async fn read_after(
        &mut self,
        after: Position,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<Option<Position>> {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(READ_ENTRIES_MAX);
        read.arg("BLOCK").arg(BLOCK.as_millis().to_string());
        read.arg("STREAMS").arg(&self.log.keys[0]).arg(id(after));
        let reply: Option<StreamReadReply> = read.query_async(connection).await?;
        let mut last = None;
        for entry in reply.iter().flat_map(|reply| &reply.keys).flat_map(|key| &key.ids) {
            let entry = Entry::read(entry).ok_or_else(|| no_log(&self.log.keys[0]))?;
            last = Some(entry.position);
            self.hand_over(entry);
        }
        Ok(last)
    }

    fn hand_over(&mut self, entry: Entry) {
        let Entry { position, kind } = entry;
        // Numbers have no gaps, so an entry that does not continue the last one tells that some were missed.
        if self.reached != Some(before(position)) {
            tracing::info!(%position, missed = self.reached.is_some(), "live messages begin anew");
            self.feed.begin(if kind == Kind::Begin {
                position
            } else {
                before(position)
            });
        }
        self.reached = Some(position);
        match kind {
            Kind::Begin => {}
            Kind::Message(message) => self.feed.push(position.number, message),
            Kind::Unknown => tracing::warn!(%position, "an entry of the log is not understood"),
        }
    }
}

fn no_log(key: &str) -> RedisError {
    (
        ErrorKind::UnexpectedReturnType,
        "not a log of live messages",
        key.to_owned(),
    )
        .into()
}
