//! What everybody who holds live connections or keeps their messages writes alike, so that a client can go on anywhere:
//! positions, the blocks of Server-Sent Events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), and the
//! shape of a log of messages.

use std::{fmt, str::FromStr};

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

/// The server message that tells a client to load everything anew.
pub const RELOAD: &str = r#"{"type":"reload"}"#;
/// How long a browser waits before it connects again: hardly noticed, and a server that has just started can breathe.
const RETRY_MS: u32 = 2_000;

/// The beginning of a stream that listens from a position; `is_gone` if what the client wanted to go on from is.
pub fn sse_opening(position: Position, is_gone: bool) -> String {
    let here = if is_gone {
        sse_reload(position)
    } else {
        sse_position(position)
    };
    format!("retry: {RETRY_MS}\n{here}")
}

/// Tells the client to load everything anew, and from where it listens then.
pub fn sse_reload(position: Position) -> String {
    format!("{}event: reload\ndata: {RELOAD}\n\n", sse_position(position))
}

/// An id without data tells the browser from where it listens, even if nothing comes before it connects again.
fn sse_position(position: Position) -> String {
    format!("id: {position}\n\n")
}

/// One event, given as JSON text: `id`, `event` and `data` lines. A line break of JSON text is insignificant, so splitting at
/// it keeps the event.
pub fn sse_event(position: Position, body: &str) -> String {
    let mut block = format!("id: {position}\nevent: event\n");
    for line in body.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        block.push_str("data: ");
        block.push_str(line);
        block.push('\n');
    }
    block.push('\n');
    block
}

/// Messages a log in Redis keeps: a few minutes of a busy deployment, as long as a gateway keeps its histories.
pub const LOG_MESSAGES_MAX: usize = 10_000;
/// Bytes of messages it keeps: a gateway holds each in two forms within its 64 MiB.
pub const LOG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages and bytes of one append: the server does nothing else meanwhile, so a few milliseconds.
pub const APPEND_MESSAGES_MAX: usize = 100;
/// See [`APPEND_MESSAGES_MAX`].
pub const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// How many messages of these sizes, in bytes of their texts, go into the next append: at least one.
pub fn append_len(sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fits = |size: &usize| {
        bytes += size;
        bytes <= APPEND_BYTES_MAX
    };
    let fitting = sizes.into_iter().take(APPEND_MESSAGES_MAX).take_while(fits).count();
    fitting.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn blocks_are_as_a_browser_reads_them() {
        let position = Position { epoch: 1, number: 2 };
        assert_eq!(
            sse_event(position, "{\n \"a\": 1\r\n}"),
            "id: 0000000000000001-2\nevent: event\ndata: {\ndata:  \"a\": 1\ndata: }\n\n"
        );
        let reload = "id: 0000000000000001-2\n\nevent: reload\ndata: {\"type\":\"reload\"}\n\n";
        assert_eq!(sse_opening(position, true), format!("retry: 2000\n{reload}"));
        assert_eq!(sse_opening(position, false), "retry: 2000\nid: 0000000000000001-2\n\n");
    }

    #[test]
    fn an_append_has_so_many_messages_and_bytes() {
        let messages = |count: usize, bytes: usize| vec![bytes; count];
        assert_eq!(append_len(messages(APPEND_MESSAGES_MAX + 1, 10)), APPEND_MESSAGES_MAX);
        assert_eq!(
            append_len(messages(APPEND_MESSAGES_MAX - 1, 10)),
            APPEND_MESSAGES_MAX - 1
        );
        assert_eq!(append_len(messages(5, APPEND_BYTES_MAX / 4)), 4);
        assert_eq!(append_len(messages(5, APPEND_BYTES_MAX / 4 + 1)), 3);
        assert_eq!(append_len(messages(2, APPEND_BYTES_MAX + 1)), 1, "one goes in any case");
    }
}
