use std::time::Duration;

/// Open connections of one process: a few KiB each, and well under a usual limit of 64 Ki descriptors.
const CONNECTIONS_MAX: usize = 10_000;
/// Open connections of one user: a dozen tabs on a few devices, so that nobody can take all there are.
const CONNECTIONS_PER_USER_MAX: usize = 32;
/// Recent messages of one user: a bulk change of 200 tasks with its notifications fits.
const HISTORY_MESSAGES_MAX: usize = 512;
/// Bytes held for one user: at least three messages of the largest size, each in both of its framings.
const HISTORY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes held for all users together; the oldest messages of all make room.
const HISTORY_TOTAL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a history outlives its last connection: a phone in a lift, a laptop that changes networks.
const HISTORY_KEPT: Duration = Duration::from_secs(5 * 60);
/// Time for a client to show its token and for that to be judged, or it holds a slot for nothing.
const AUTHENTICATION_WITHIN: Duration = Duration::from_secs(5);
/// Pings of a WebSocket: under the 30 s after which the stricter proxies and mobile networks cut a silent connection.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Time for any sign of life after a ping was due.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// Comment lines of an SSE stream, for the same proxies.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// Time for a socket to take one batch of messages.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Limits and times of a gateway. The defaults are for production; tests make them small.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Origins other than the request's own host whose pages may open a WebSocket, such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Open connections of this process, authenticated or not.
    pub connections_max: usize,
    /// Open connections of one user, at least 1.
    pub connections_per_user_max: usize,
    /// Recent messages kept for one user, and so how many a slow client may be behind.
    pub history_messages_max: usize,
    /// Bytes of recent messages kept for one user.
    pub history_bytes_max: usize,
    /// Bytes of recent messages kept for all users.
    pub history_total_bytes_max: usize,
    /// How long a user's history outlives the last connection.
    pub history_kept: Duration,
    /// Time to authenticate a WebSocket.
    pub authentication_within: Duration,
    /// Time between pings of a WebSocket.
    pub ping_every: Duration,
    /// Time for a sign of life after a ping was due.
    pub pong_within: Duration,
    /// Time between comment lines of an SSE stream.
    pub heartbeat_every: Duration,
    /// Time for a socket to take one batch of messages.
    pub write_within: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            connections_max: CONNECTIONS_MAX,
            connections_per_user_max: CONNECTIONS_PER_USER_MAX,
            history_messages_max: HISTORY_MESSAGES_MAX,
            history_bytes_max: HISTORY_BYTES_MAX,
            history_total_bytes_max: HISTORY_TOTAL_BYTES_MAX,
            history_kept: HISTORY_KEPT,
            authentication_within: AUTHENTICATION_WITHIN,
            ping_every: PING_EVERY,
            pong_within: PONG_WITHIN,
            heartbeat_every: HEARTBEAT_EVERY,
            write_within: WRITE_WITHIN,
        }
    }
}
