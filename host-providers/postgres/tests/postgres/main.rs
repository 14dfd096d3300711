//! The provider through its public interface, on a real server. Every test makes and drops a database of its own.

mod application;
mod conformance;
mod failures;
mod jobs;
mod metrics;
mod opening;
mod publisher;
mod relay;
mod server;
mod sql;
mod support;
mod transfer;
