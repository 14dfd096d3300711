//! Live messages to whoever is connected right now: WebSocket and Server-Sent Events on one node.
//!
//! # The one idea
//! A connection is a **cursor into its user's history**, a bounded ring of recent messages. There is no queue per
//! connection: sending puts a message into the ring and wakes the cursors, resuming moves a cursor back, and a client is
//! too slow exactly when the ring has moved past its cursor. It is then closed, and never waited for.
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
pub use gateway::{Gateway, TooMany};
pub use sse::SseBody;
