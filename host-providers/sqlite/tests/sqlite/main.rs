//! The provider through its public interface, on real files.

mod conformance;
mod support;
