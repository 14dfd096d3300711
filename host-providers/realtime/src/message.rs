use std::{ops::Range, sync::OnceLock};

use bytes::Bytes;
use dayloom_ports::live::{Position, sse_event};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Bytes a message costs beside its texts: the record, its places in ring and order, allocator rounding.
const OVERHEAD_BYTES: usize = 256;

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

    pub(crate) fn sse_block(&self) -> Bytes {
        let block = || Bytes::from(sse_event(self.position, &self.text[self.body.clone()]));
        self.block.get_or_init(block).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Recent};

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
