//! Live messages in Redis: the log that our own gateways write and read too.

use std::time::Duration;

use dayloom_ports::live::Position;
use dayloom_spin_kit::bindings::fermyon::spin::redis::{Connection, Error, RedisParameter, RedisResult};
use secrecy::{ExposeSecret, SecretString};

use super::log::{Log, Message, Next};

/// The log and its state, as the gateways of a deployment without a prefix of its own name them.
const KEYS: [&str; 2] = ["dayloom:live:log", "dayloom:live:state"];
/// Entries looked at by one read: at most 16 MiB, and the server does nothing else meanwhile.
const READ_ENTRIES_MAX: i64 = 64;

/// Reads what follows a position, for one user.
const READ: &str = concat!(
    include_str!("../../../../../host-providers/redis/src/scripts/begin.lua"),
    include_str!("read.lua"),
);

/// A connection of this instance's own, so it may block.
pub(super) struct RedisLog {
    connection: Connection,
}

impl RedisLog {
    pub(super) fn open(url: &SecretString) -> Result<Self, String> {
        let connection = Connection::open(url.expose_secret()).map_err(|error| told(&error))?;
        Ok(Self { connection })
    }

    fn execute(&self, command: &str, arguments: &[RedisParameter]) -> Result<Vec<RedisResult>, String> {
        self.connection
            .execute(command, arguments)
            .map_err(|error| told(&error))
    }

    fn read(&self, position: Position, user_id: &str) -> Result<Read, String> {
        let arguments = [
            text(READ),
            RedisParameter::Int64(2),
            text(KEYS[0]),
            text(KEYS[1]),
            text(&position.epoch.to_string()),
            text(&position.number.to_string()),
            text(user_id),
            RedisParameter::Int64(READ_ENTRIES_MAX),
        ];
        Read::of(self.execute("EVAL", &arguments)?)
    }
}

/// The error without what the caller gave: an address may hold a password.
fn told(error: &Error) -> String {
    match error {
        Error::InvalidAddress => "redis_url is no address".to_owned(),
        Error::TooManyConnections => "too many connections to Redis".to_owned(),
        Error::TypeError => "Redis answered with another type".to_owned(),
        Error::Other(reason) => format!("Redis: {reason}"),
    }
}

fn text(text: &str) -> RedisParameter {
    RedisParameter::Binary(text.as_bytes().to_vec())
}

/// The answer of `read.lua`.
#[derive(Debug, PartialEq)]
struct Read {
    newest: Position,
    is_whole: bool,
    reached: u64,
    messages: Vec<Message>,
}

impl Read {
    fn of(answer: Vec<RedisResult>) -> Result<Self, String> {
        let texts = answer.into_iter().map(|result| match result {
            RedisResult::Binary(bytes) => String::from_utf8(bytes).ok(),
            RedisResult::Status(text) => Some(text),
            RedisResult::Int64(_) | RedisResult::Nil => None,
        });
        let unexpected = || "the log of live messages is not as expected".to_owned();
        let texts: Vec<String> = texts.collect::<Option<_>>().ok_or_else(unexpected)?;
        let number = |text: &String| text.parse::<u64>().map_err(|_| unexpected());
        let ([epoch, head, whole, reached], rest) = texts.split_first_chunk().ok_or_else(unexpected)?;
        let messages = rest.chunks(2).map(|pair| match pair {
            [at, body] => Ok(Message {
                number: number(at)?,
                body: body.clone(),
            }),
            _ => Err(unexpected()),
        });
        Ok(Self {
            newest: Position {
                epoch: number(epoch)?,
                number: number(head)?,
            },
            is_whole: whole == "1",
            reached: number(reached)?,
            messages: messages.collect::<Result<_, _>>()?,
        })
    }
}

impl Log for RedisLog {
    fn newest(&mut self) -> Result<Position, String> {
        // No epoch is 0, so this asks for nothing but the head.
        Ok(self.read(Position { epoch: 0, number: 0 }, "")?.newest)
    }

    fn after(&mut self, position: Position, user_id: &str) -> Result<Next, String> {
        let read = self.read(position, user_id)?;
        if !read.is_whole {
            return Ok(Next::Gone(read.newest));
        }
        let reached = Position {
            number: read.reached,
            ..position
        };
        Ok(Next::Messages {
            messages: read.messages,
            reached,
        })
    }

    fn wait(&mut self, position: Position, wait: Duration) -> Result<(), String> {
        let arguments = [
            text("COUNT"),
            RedisParameter::Int64(1),
            text("BLOCK"),
            RedisParameter::Int64(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).max(1)),
            text("STREAMS"),
            text(KEYS[0]),
            text(&format!("{}-{}", position.epoch, position.number)),
        ];
        self.execute("XREAD", &arguments).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::bindings::fermyon::spin::redis::RedisResult;

    use super::{Message, Position, Read};

    fn answer(texts: &[&str]) -> Vec<RedisResult> {
        texts
            .iter()
            .map(|text| RedisResult::Binary(text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn an_answer_is_a_place_and_messages() {
        let read = Read {
            newest: Position { epoch: 9, number: 7 },
            is_whole: true,
            reached: 6,
            messages: vec![Message {
                number: 5,
                body: "{}".to_owned(),
            }],
        };
        assert_eq!(Read::of(answer(&["9", "7", "1", "6", "5", "{}"])), Ok(read));
        for other in [
            &[][..],
            &["9", "7", "1"],
            &["9", "7", "1", "6", "5"],
            &["x", "7", "1", "6"],
        ] {
            assert!(Read::of(answer(other)).is_err());
        }
    }
}
