//! The gateway behind a real HTTP server, spoken to through real sockets.

mod authentication;
mod delivery;
mod limits;
mod log;
mod server_sent_events;
mod support;
