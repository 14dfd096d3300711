//! Key-value on Spin through the sidecar's state API, for deployments where each replica of Spin would otherwise have a
//! store of its own.
//!
//! An entry lives for an hour after its last write, as on every provider. Services share what they write only if the
//! sidecar's state component is told so (`keyPrefix: name`): a session that `auth` ended is looked up by all of them.
//!
//! Every write says which version it replaces (ETag, first write wins), also where the caller does not care: some state
//! stores notice a competing write only if nobody ever wrote otherwise.

mod atomics;
mod batch;
mod entry;
mod store;

pub use atomics::Cas;
pub use store::Bucket;

struct State;

dayloom_spin_kit::adapter!("spin-state", State, [config http]);
