//! The parts of the kill test: who writes, who listens, who checks.

pub(crate) mod checker;
pub(crate) mod listener;
pub(crate) mod writer;
