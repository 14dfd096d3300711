//! What the tests of the whole share: the host as a child process, a client of its HTTP API, a live connection, the command
//! line, and a look into the database past the application.

mod application;
mod client;
mod command;
mod database;
mod host;
mod live;
mod time;

pub use application::{Application, root, settings_of};
pub use client::{Answer, Client, User};
pub use command::{Ended, dayloom};
pub use database::Database;
pub use host::{Host, HostOptions, Signal, dayloom_bin};
pub use live::{LiveSocket, Seen};
pub use time::{PATIENCE, epoch_ms, eventually, now_ms, rfc3339, until_ms};
