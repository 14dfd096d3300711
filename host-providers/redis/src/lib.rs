//! What several hosts share through one Redis 7 (or Valkey 7.2) server: `wasi:keyvalue` and live messages.
//!
//! # What is kept there
//! Only what may be lost: rate windows, caches and the last few thousand live messages. A restart without persistence, a
//! fail-over that loses writes and `FLUSHALL` at any time are survived; the tables are elsewhere.
//!
//! | key | what |
//! | --- | --- |
//! | `<prefix>:kv:<bytes of the bucket's name>:<bucket>:<key>` | one entry, with a time to live |
//! | `<prefix>:live:log` | the stream of live messages; its ids are those that clients resume with |
//! | `<prefix>:live:state` | which epoch the stream is in, on which run of the server it began, and its bytes |
//!
//! A prefix has no `:`, so two deployments on one server never meet. Redis Cluster is not supported: the log is one stream.
//!
//! A user of an access control list needs `~<prefix>:*` and `+get +set +del +scan +incrby +pexpire +ping +eval +evalsha
//! +script|load +hget +hset +hincrby +exists +time +info +xadd +xdel +xlen +xrange +xread +xinfo|stream`.
//!
//! # When the server is away
//! Calls answer `Unavailable` at once; none waits for a connection, none is queued. A background task connects again with
//! back-off and pings while nothing else is said, so everything goes on by itself.
//!
//! # Use
//! [`RedisKeyValue::connect`] is the [`KeyValue`](dayloom_ports::KeyValue). For live messages, make a [`RedisLog`], put the
//! gateway over it with [`Gateway::over`](dayloom_realtime_gateway::Gateway::over), and run [`RedisLog::follow`] with the
//! feed; components send through the gateway as ever.

mod config;
mod entry;
mod follow;
mod keyvalue;
mod link;
mod log;
mod server;

pub use config::{ConfigError, RedisConfig};
pub use keyvalue::RedisKeyValue;
pub use log::RedisLog;
