//! The thin host: reads an application manifest, stands providers behind its components' interfaces, and serves them.
//!
//! It knows interfaces, limits and protocols, and no word of what the application is about.

mod allocator;
pub mod app;
pub mod cli;
pub mod config;
pub mod deployment;
pub mod http;
mod logging;
pub mod manifest;
pub mod meters;
pub mod runtime;
