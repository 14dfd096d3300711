//! Stands in for Spin where no Spin can be had, so that a suite which starts `spin up` can run there too.
//!
//! It takes the arguments of `spin up` that the suites use, reads Spin's manifest, composes a component with its
//! dependencies, and answers each request with a new instance. Behind the interfaces are real things: SQLite files,
//! PostgreSQL, Redis, the network. Where Spin behaves in a way that an application has to live with, so does this: a
//! PostgreSQL connection goes back to its pool with whatever transaction was left open on it.
//!
//! It is for tests. It has no TLS to databases, no triggers but HTTP, and only the interfaces that [`link`] lists.

mod aot;
mod app;
mod arguments;
mod bindings;
mod compose;
mod engine;
mod files;
mod keyvalue;
mod link;
mod manifest;
mod outbound;
mod postgres;
mod redis;
mod request;
mod routes;
mod rules;
mod server;
mod sqlite;
mod state;
mod variables;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    let arguments::Command::Up(arguments) = arguments::Cli::parse().command;
    // Not the macro: at the end nothing is waited for, as when Spin is stopped.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(server::up(arguments));
    runtime.shutdown_background();
    outcome
}
