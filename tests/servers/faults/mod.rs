//! The parts of the fault run: what goes wrong and when, on what, and what the topics must say afterwards.

pub(crate) mod deployment;
pub(crate) mod plan;
pub(crate) mod proxy;
pub(crate) mod topics;
