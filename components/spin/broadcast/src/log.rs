//! The log of live messages in Redis: the same keys and the same script as the native provider's, so gateways of both read
//! each other's messages.

use dayloom_spin_kit::bindings::fermyon::spin::redis::{Connection, Error, RedisParameter};
use secrecy::{ExposeSecret, SecretString};

use super::wit::Message;

/// The log and its state, under the native provider's default prefix.
const KEYS: [&str; 2] = ["dayloom:live:log", "dayloom:live:state"];
/// Messages the log keeps, and bytes of them: as the native provider says.
const LOG_MESSAGES_MAX: usize = 10_000;
const LOG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages and bytes of one append: the server does nothing else meanwhile, so a few milliseconds.
const APPEND_MESSAGES_MAX: usize = 100;
const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// Appends messages to the log that it is put before.
const APPEND: &str = concat!(
    include_str!("../../../../host-providers/redis/src/scripts/begin.lua"),
    include_str!("../../../../host-providers/redis/src/scripts/append.lua")
);

/// In order. After an error some of the first may be in the log; readers drop their repeats.
pub(super) fn append(url: &SecretString, messages: &[Message]) -> Result<(), String> {
    let connection = Connection::open(url.expose_secret()).map_err(|error| told(&error))?;
    let mut rest = messages;
    while !rest.is_empty() {
        let (part, later) = rest.split_at(part_len(rest));
        connection
            .execute("EVAL", &arguments(part))
            .map_err(|error| told(&error))?;
        rest = later;
    }
    Ok(())
}

fn arguments(messages: &[Message]) -> Vec<RedisParameter> {
    let binary = |text: &str| RedisParameter::Binary(text.as_bytes().to_vec());
    let number = |number: usize| RedisParameter::Int64(i64::try_from(number).unwrap_or(i64::MAX));
    let mut arguments = vec![binary(APPEND), number(KEYS.len())];
    arguments.extend(KEYS.map(binary));
    arguments.extend([number(LOG_MESSAGES_MAX), number(LOG_BYTES_MAX)]);
    for message in messages {
        arguments.extend([&message.user_id, &message.event_id, &message.body].map(|text| binary(text)));
    }
    arguments
}

/// Without the address, which may hold a password.
fn told(error: &Error) -> String {
    match error {
        Error::InvalidAddress => "the address of Redis is none, or not allowed".to_owned(),
        Error::TooManyConnections => "too many connections to Redis".to_owned(),
        Error::TypeError => "Redis answered with another type".to_owned(),
        Error::Other(text) => format!("Redis: {text}"),
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
    use super::{APPEND_BYTES_MAX, APPEND_MESSAGES_MAX, Message, arguments, part_len};

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
        assert_eq!(part_len(&messages(5, APPEND_BYTES_MAX / 4)), 4);
        assert_eq!(part_len(&messages(2, APPEND_BYTES_MAX + 1)), 1, "one goes in any case");
    }

    #[test]
    fn the_script_gets_its_keys_limits_and_messages() {
        assert_eq!(arguments(&messages(2, 10)).len(), 2 + 2 + 2 + 2 * 3);
    }
}
