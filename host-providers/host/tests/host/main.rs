//! The whole host in this process, with the real providers and a real component that behaves as badly as it is asked to.

mod background;
mod chaining;
mod instances;
mod live;
mod misbehaviour;
mod requests;
mod shutdown;
mod start;
mod streams;
mod support;
