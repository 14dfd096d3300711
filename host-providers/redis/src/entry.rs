use dayloom_ports::{Message, live::Position};
use redis::{FromRedisValue, streams::StreamId};

/// One entry of the log. Its id in the stream, `<epoch>-<number>`, is the position that clients are told.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) position: Position,
    pub(crate) kind: Kind,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    /// The first one of an epoch.
    Begin,
    /// A message.
    Message(Message),
    /// Not written by this version of anything.
    Unknown,
}

impl Entry {
    /// Nothing if the stream is not numbered as a log.
    pub(crate) fn read(id: &StreamId) -> Option<Self> {
        let kind = match (text(id, "user"), text(id, "event"), text(id, "body")) {
            (Some(user_id), Some(event_id), Some(body)) => Kind::Message(Message {
                user_id,
                event_id,
                body,
            }),
            _ if id.map.contains_key("begin") => Kind::Begin,
            _ => Kind::Unknown,
        };
        Some(Self {
            position: position(&id.id)?,
            kind,
        })
    }
}

fn text(id: &StreamId, field: &str) -> Option<String> {
    id.map
        .get(field)
        .and_then(|value| String::from_redis_value_ref(value).ok())
}

/// Reads an id of the stream.
fn position(id: &str) -> Option<Position> {
    let (epoch, number) = id.split_once('-')?;
    Some(Position {
        epoch: epoch.parse().ok()?,
        number: number.parse().ok()?,
    })
}

/// Writes an id of the stream.
pub(crate) fn id(position: Position) -> String {
    format!("{}-{}", position.epoch, position.number)
}

/// The place right before `position`, so that what is read after it begins there.
pub(crate) fn before(position: Position) -> Position {
    let Position { epoch, number } = position;
    match number.checked_sub(1) {
        Some(number) => Position { epoch, number },
        None => Position {
            epoch: epoch.saturating_sub(1),
            number: u64::MAX,
        },
    }
}
