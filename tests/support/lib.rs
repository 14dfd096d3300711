//! What the tests of the whole share: the host as a child process, a client of its HTTP API, a live connection, the command
//! line, a look into the database past the application, the real servers, and load whose consequences can be checked.

mod application;
mod certificate;
mod client;
mod command;
mod daprd;
mod database;
mod gateway;
mod host;
mod kafka_listener;
mod kafka_tools;
mod live;
pub mod load;
mod nginx;
mod port;
mod server;
mod servers;
mod spin_app;
mod stream;
mod tables;
mod time;

pub use application::{Application, root, settings_of};
pub use certificate::Certificate;
pub use client::{Answer, Client, User};
pub use command::{Ended, dayloom, dayloom_with};
pub use daprd::{DaprManifests, Daprd, DaprdSettings};
pub use database::Database;
pub use gateway::Gateway;
pub use host::{Host, HostOptions, Signal, dayloom_bin};
pub use kafka_listener::{KAFKA_PASSWORD, KAFKA_USER, KafkaListener, kafka_authority};
pub use kafka_tools::{Backlog, KafkaTools, TopicRecord};
pub use live::{LiveSocket, Seen};
pub use nginx::Nginx;
pub use port::free_port;
pub use server::Server;
pub use servers::{SESSION_TIMEOUT_MS, Servers, redis};
pub use spin_app::{SpinApp, SpinVariables, spin_manifest};
pub use stream::LiveStream;
pub use tables::{PostgresTables, Tables};
pub use time::{PATIENCE, epoch_ms, eventually, eventually_within, now_ms, rfc3339, until_ms};
