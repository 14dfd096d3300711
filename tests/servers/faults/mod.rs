//! The parts of the fault run: what goes wrong and when, and on what.

pub(crate) mod deployment;
pub(crate) mod plan;
pub(crate) mod proxy;
