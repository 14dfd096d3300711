//! HTTP in and out: who may say how much, what the host answers by itself, and what goes to a component.

mod body;
mod health;
mod live;
mod peer;
mod problem;
mod server;
mod site;

pub use server::serve;
pub use site::{Backends, Site};
