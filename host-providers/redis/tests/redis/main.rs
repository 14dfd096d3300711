//! The providers with a real server: what the interfaces promise, and what happens when the server does not keep its own.

mod broadcast;
mod keyvalue;
mod keyvalue_outage;
mod live_outage;
mod log_limits;
mod security;
mod support;
