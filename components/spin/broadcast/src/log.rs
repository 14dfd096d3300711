//! The log of live messages in Redis: the same keys and the same script as the native provider's, so gateways of both read
//! each other's messages.

use dayloom_ports::live::{LOG_BYTES_MAX, LOG_MESSAGES_MAX, append_len};
use dayloom_spin_kit::bindings::fermyon::spin::redis::{Connection, Error, RedisParameter};
use secrecy::{ExposeSecret, SecretString};

use super::wit::Message;

/// The log and its state, under the native provider's default prefix.
const KEYS: [&str; 2] = ["dayloom:live:log", "dayloom:live:state"];

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
        let (part, later) = rest.split_at(append_len(rest.iter().map(size)));
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

fn size(message: &Message) -> usize {
    message.user_id.len() + message.event_id.len() + message.body.len()
}

#[cfg(test)]
mod tests {
    use super::{Message, arguments};

    #[test]
    fn the_script_gets_its_keys_limits_and_messages() {
        let [user_id, event_id, body] = ["u", "e", "{}"].map(str::to_owned);
        let message = Message {
            user_id,
            event_id,
            body,
        };
        assert_eq!(arguments(&[message.clone(), message]).len(), 2 + 2 + 2 + 2 * 3);
    }
}
