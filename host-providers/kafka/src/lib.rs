//! Events through Kafka or Redpanda: the publisher behind an outbox's relay, one consumer group per component, and the
//! dead letters of all of them.
//!
//! Records are CloudEvents in the structured mode of the Kafka protocol binding: the body is the event, the key its
//! ordering key. The `publisher` keeps the order of a key whatever the broker does. In the `consumer`, one thread per
//! component polls its group and one task per assigned partition calls the sink; offsets are committed up to the first
//! event that has no final outcome. What a component can not take goes to the dead-letter topic, and from there, when
//! somebody asks, to the component's own retry topic (`dead_letters`).
//!
//! The crate knows nothing of wasm and nothing of what the events are about.

mod client;
mod config;
mod consumer;
mod dead_letters;
mod error;
mod events;
mod headers;
mod lag;
mod metrics;
mod names;
mod publisher;
mod time;
mod topics;

pub use config::{KafkaConfig, Sasl, SaslMechanism, Tls};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
pub use error::{ConsumeError, OpenError};
pub use events::KafkaEvents;
pub use lag::lag;
