use std::{fmt, ops::Range, str::FromStr, sync::OnceLock};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Bytes a message costs beside its texts: the record, its places in ring and order, allocator rounding.
const OVERHEAD_BYTES: usize = 256;

/// A place in a user's history, or in a log that several gateways read; `<epoch>-<number>` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Another one for each history or log, so that a place in a lost one is never mistaken for a place in this one.
    pub epoch: u64,
    /// Of the message last seen; 0 before the first.
    pub number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.number)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, number) = text.split_once('-').ok_or(())?;
        Ok(Self {
            epoch: u64::from_str_radix(epoch, 16).map_err(|_| ())?,
            number: number.parse().map_err(|_| ())?,
        })
    }
}

/// One sent message in the forms it takes on the wire, each made once and shared by all connections.
#[derive(Debug)]
pub(crate) struct Recent {
    position: Position,
    /// Among the messages of all users.
    order: u64,
    event_id: String,
    /// The WebSocket server message.
    text: Utf8Bytes,
    /// Where the event stands in `text`.
    body: Range<usize>,
    /// The SSE block, made when the first SSE connection wants it.
    block: OnceLock<Bytes>,
}

impl Recent {
    /// `body` is the event as JSON text.
    pub(crate) fn new(position: Position, order: u64, event_id: String, body: &str) -> Self {
        let head = format!(r#"{{"type":"event","id":"{position}","event":"#);
        let range = head.len()..head.len() + body.len();
        let text = Utf8Bytes::from([head.as_str(), body, "}"].concat());
        Self {
            position,
            order,
            event_id,
            text,
            body: range,
            block: OnceLock::new(),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.position.number
    }

    pub(crate) fn order(&self) -> u64 {
        self.order
    }

    pub(crate) fn event_id(&self) -> &str {
        &self.event_id
    }

    /// Bytes it is counted as: both forms, whether or not the second is ever made.
    pub(crate) fn weight(&self) -> usize {
        2 * self.text.len() + self.event_id.len() + OVERHEAD_BYTES
    }

    pub(crate) fn websocket_text(&self) -> Utf8Bytes {
        self.text.clone()
    }

    /// `id`, `event` and `data` lines. A line break of JSON text is insignificant, so splitting at it keeps the event.
    pub(crate) fn sse_block(&self) -> Bytes {
        let block = || {
            let mut block = format!("id: {}\nevent: event\n", self.position);
            for line in self.text[self.body.clone()]
                .split(['\r', '\n'])
                .filter(|line| !line.is_empty())
            {
                block.push_str("data: ");
                block.push_str(line);
                block.push('\n');
            }
            block.push('\n');
            Bytes::from(block)
        };
        self.block.get_or_init(block).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Recent};

    #[test]
    fn a_position_reads_back_and_nothing_else_does() {
        let position = Position { epoch: 0xab, number: 7 };
        assert_eq!(position.to_string(), "00000000000000ab-7");
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in [
            "",
            "-",
            "7",
            "ab-",
            "-7",
            "xy-7",
            "ab--7",
            "ab-18446744073709551616",
            "\u{20ac}-1",
        ] {
            assert_eq!(text.parse::<Position>(), Err(()), "{text}");
        }
    }

    #[test]
    fn both_forms_carry_the_event() {
        let recent = Recent::new(Position { epoch: 1, number: 2 }, 1, "e".into(), "{\n \"a\": 1\r\n}");
        assert_eq!(
            &*recent.websocket_text(),
            "{\"type\":\"event\",\"id\":\"0000000000000001-2\",\"event\":{\n \"a\": 1\r\n}}"
        );
        assert_eq!(
            recent.sse_block(),
            "id: 0000000000000001-2\nevent: event\ndata: {\ndata:  \"a\": 1\ndata: }\n\n"
        );
    }
}
