//! The thin host: reads an application manifest, stands providers behind its components' interfaces, and serves them.
//!
//! It knows interfaces, limits and protocols, and no word of what the application is about.

pub mod config;
pub mod manifest;
mod meters;
pub mod runtime;
