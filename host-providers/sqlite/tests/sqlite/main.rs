//! The provider through its public interface, on real files.

mod conformance;
mod crash;
mod dead_letters;
mod delivery;
mod firewall;
mod group_commit;
mod opening;
mod reading;
mod retention;
mod support;
mod transfer;
