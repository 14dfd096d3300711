use serde::Deserialize;
use tokio_tungstenite::tungstenite::{
    Utf8Bytes,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use dayloom_ports::live::Position;

/// What a client may say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum ClientMessage {
    /// Shows an access token: first thing on a connection that has not shown one yet, later to stay longer.
    Auth { token: String },
    /// Asks for what followed the message with this id.
    Resume { after: String },
}

/// Everything after `position` will be sent.
pub(crate) fn ready(position: Position) -> Utf8Bytes {
    format!(r#"{{"type":"ready","id":"{position}"}}"#).into()
}

/// Why the server closes a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The process stops; the client should connect again.
    Shutdown,
    /// A malformed frame.
    Malformed,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Something that is no client message, or not at this time.
    Unexpected,
    /// More messages than a client has reason to send.
    TooFast,
    /// A frame over the limit.
    TooBig,
    /// The client did not take its messages.
    TooSlow,
    /// The user has too many connections.
    TooMany,
    /// Nobody can judge the token now.
    Unavailable,
    /// No token, a bad one, or one that has expired.
    Unauthorized,
}

impl Closing {
    pub(crate) fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::Shutdown => (CloseCode::Away, "shutting down"),
            Self::Malformed => (CloseCode::Protocol, "malformed frame"),
            Self::NotUtf8 => (CloseCode::Invalid, "not utf-8"),
            Self::Unexpected => (CloseCode::Policy, "unexpected message"),
            Self::TooFast => (CloseCode::Policy, "too many messages"),
            Self::TooBig => (CloseCode::Size, "message too big"),
            Self::TooSlow => (CloseCode::Again, "too slow"),
            Self::TooMany => (CloseCode::Again, "too many connections"),
            Self::Unavailable => (CloseCode::Again, "authorization is unavailable"),
            Self::Unauthorized => (CloseCode::Library(UNAUTHORIZED), "unauthorized"),
        };
        CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        }
    }
}

/// The private close code that tells a client to get another token.
const UNAUTHORIZED: u16 = 4401;
