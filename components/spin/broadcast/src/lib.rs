//! Live messages on Spin: the log in Redis that gateways and ingresses read, where there is a Redis, and otherwise rows of
//! the database, which the ingresses look at every second or so.

mod log;
mod table;

use bindings::exports::dayloom::platform::broadcast as wit;
use dayloom_spin_kit::Settings;
use dayloom_spin_kit::limits::{BROADCAST_BODY_BYTES_MAX, BROADCAST_MESSAGES_MAX};

struct Broadcast;

dayloom_spin_kit::adapter!("spin-broadcast", Broadcast, [sqlite postgres redis config files]);

/// Bytes of a user's and an event's id: both are UUIDs in practice.
const ID_BYTES_MAX: usize = 128;

impl wit::Guest for Broadcast {
    fn send(messages: Vec<wit::Message>) -> Result<(), wit::Error> {
        check(&messages).map_err(wit::Error::Invalid)?;
        let settings = Settings::read();
        let sent = match &settings.redis_url {
            Some(url) => log::append(url, &messages),
            None => table::append(&settings, &messages),
        };
        sent.map_err(|reason| {
            eprintln!("broadcast: {reason}");
            wit::Error::Unavailable(reason)
        })
    }
}

fn check(messages: &[wit::Message]) -> Result<(), String> {
    if messages.len() > BROADCAST_MESSAGES_MAX {
        return Err(format!("{} messages, at most {BROADCAST_MESSAGES_MAX}", messages.len()));
    }
    for message in messages {
        let bytes = message.body.len();
        if bytes > BROADCAST_BODY_BYTES_MAX {
            return Err(format!("a body of {bytes} bytes, at most {BROADCAST_BODY_BYTES_MAX}"));
        }
        let ids = [&message.user_id, &message.event_id];
        if ids.iter().any(|id| !(1..=ID_BYTES_MAX).contains(&id.len())) {
            return Err(format!("an id outside 1 to {ID_BYTES_MAX} bytes"));
        }
        // The body is put into the server message as it is: anything but JSON would let it say something else.
        serde_json::from_str::<serde::de::IgnoredAny>(&message.body)
            .map_err(|error| format!("a body that is not JSON: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BROADCAST_BODY_BYTES_MAX, BROADCAST_MESSAGES_MAX, check, wit};

    fn message(body: String) -> wit::Message {
        wit::Message {
            user_id: "u".to_owned(),
            event_id: "e".to_owned(),
            body,
        }
    }

    #[test]
    fn messages_have_limits() {
        let sized = |bytes: usize| message(format!("\"{}\"", "x".repeat(bytes - 2)));
        assert!(check(&[sized(BROADCAST_BODY_BYTES_MAX)]).is_ok());
        assert!(check(&[sized(BROADCAST_BODY_BYTES_MAX + 1)]).is_err());
        assert!(check(&vec![sized(2); BROADCAST_MESSAGES_MAX]).is_ok());
        assert!(check(&vec![sized(2); BROADCAST_MESSAGES_MAX + 1]).is_err());
        assert!(check(&[message("{\"a\"".to_owned())]).is_err());
        let nobody = wit::Message {
            user_id: String::new(),
            ..sized(2)
        };
        assert!(check(&[nobody]).is_err());
    }
}
