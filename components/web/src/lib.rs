//! Serves the browser application, the API document and its page: bytes that were fixed when this was built.
//!
//! [`respond`] is the whole service as a pure function; on wasm, `guest` connects it with `wasi:http`. Compressing,
//! hashing and naming media types was done by the build, so that a request costs a lookup and a copy.

mod asset;
mod encoding;
mod policy;
mod problem;
mod route;

#[cfg(target_family = "wasm")]
mod guest;

pub use asset::{ASSETS, Asset, Caching, Form};
pub use encoding::Coding;
pub use route::{Request, Response, respond};
