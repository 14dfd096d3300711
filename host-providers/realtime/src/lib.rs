//! Live messages to whoever is connected right now: WebSocket and Server-Sent Events, on one node or on several.
//!
//! # The one idea
//! A connection is a **cursor into its user's history**, a bounded ring of recent messages. There is no queue per
//! connection: sending puts a message into the ring and wakes the cursors, resuming moves a cursor back, and a client is
//! too slow exactly when the ring has moved past its cursor. It is then closed, and never waited for.
//!
//! # One node or several
//! The histories have one of two sources. [`Gateway::new`]: what is sent through this gateway. [`Gateway::over`]: a log that
//! all gateways write to and read, handed over through a [`Feed`]; a user may then resume on any of them. Each keeps the
//! recent messages of all users, because anyone may come.
//!
//! # What a client sees
//! Both kinds of connection carry ids `<epoch>-<n>`. Numbers grow within an epoch. Alone, they grow by one, and an epoch ends
//! with the process, or with the user being away for longer than the history is kept; with a log, both are the log's.
//!
//! | WebSocket server message | when |
//! | --- | --- |
//! | `{"type":"ready","id":"…"}` | after each token that was accepted, before a reload that nobody asked for, and after resuming ahead of what this gateway has: everything after `id` will be sent |
//! | `{"type":"event","id":"…","event":<CloudEvent>}` | in order, each event once while it is in the history |
//! | `{"type":"reload"}` | the messages after the id to resume from are not all there any more, or some were missed meanwhile |
//!
//! The client shows its token as subprotocol `bearer.<token>` beside `dayloom.v1` or as first message
//! `{"type":"auth","token":"…"}`; it shows a newer one the same way before the credential ends, and asks for what it missed
//! with `{"type":"resume","after":"<id>"}`. Events that were sent before may come again then.
//!
//! | close code | meaning for the client |
//! | --- | --- |
//! | 1001, 1013 | connect again with back-off: shutdown, too slow, too many connections, nobody can judge the token |
//! | 1002, 1007, 1008, 1009 | a bug of the client: malformed, unexpected, too many or too large messages |
//! | 4401 | get another token first |
//!
//! SSE blocks have `id`, `event: event` and the CloudEvent as `data`; `event: reload` says the same as above. The stream
//! opens with `retry` and an `id` without data, and ends when the credential does.
//!
//! # Use
//! [`Gateway::websocket`] answers `/ws`, [`Gateway::sse`] answers a stream for a user that is already authenticated, and
//! the gateway is the [`Broadcast`](dayloom_ports::Broadcast) that components send through. The gateway does not know
//! what a token is: it asks an [`Authorize`].
//!
//! The server that hosts it must serve HTTP/1.1 connections *with upgrades*, with `TCP_NODELAY`. A stalled SSE client is
//! only noticed when hyper asks for more bytes; set `TCP_USER_TIMEOUT` on accepted sockets to be rid of it sooner.

mod authorize;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod feed;
mod gateway;
mod handshake;
mod history;
mod listener;
mod message;
mod origin;
mod protocol;
mod registry;
mod session;
mod sse;

pub use authorize::{Authorize, Denied, Grant};
pub use config::GatewayConfig;
pub use feed::Feed;
pub use gateway::{Gateway, TooMany};
pub use sse::SseBody;
