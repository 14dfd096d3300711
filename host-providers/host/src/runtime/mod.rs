//! Components at run time: compiled, linked to the platform's providers, pooled, and called within limits.

mod aot;
mod authority;
#[allow(
    missing_docs,
    unreachable_pub,
    reason = "generated; the WIT files are the documentation"
)]
mod bindings;
mod broadcast;
mod component;
mod destination;
mod engine;
mod instance;
mod keyvalue;
mod lingering;
mod link;
mod logs;
mod memory;
mod needs;
mod outbound;
mod pool;
mod registry;
mod reply;
mod scheduler;
mod sinks;
mod state;
mod storage;
mod trace;
mod variables;

pub use component::{CallError, Component};
pub use registry::{Components, LoadError};
pub use reply::ReplyBody;
pub use state::{Call, Providers};
pub use trace::Trace;
pub(crate) use trace::set_traceparent;
