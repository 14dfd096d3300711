//! The provider through its public interface, on a real broker.

mod backlog;
mod conformance;
mod dead_letters;
mod frozen;
mod opening;
mod publishing;
mod rebalance;
mod support;
