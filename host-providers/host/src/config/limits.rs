//! The limits an operator may move. Every default says why it is what it is.

use std::time::Duration;

use serde::Deserialize;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Limits of the host, `[limits]` in its configuration or `DAYLOOM_LIMITS_<NAME>` in the environment.
///
/// Names end in their unit: `_bytes`, `_ms` (milliseconds) or, without one, a count.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections; more wait in the kernel's queue. About 40 KiB each, so 40 MiB in all.
    pub connections_max: usize,
    /// Bytes of one request's head. Twice what browsers send with a full set of cookies.
    pub request_head_bytes_max: usize,
    /// Time for a request's head, and for an idle connection to be kept.
    pub request_head_ms_max: u64,
    /// Bytes of one request's body: the product's own limit.
    pub request_body_bytes_max: usize,
    /// Bytes of all request bodies that are being received: what a flood of uploads may take of the host's memory.
    pub request_bodies_bytes_max: usize,
    /// Time for a request's whole body.
    pub request_body_ms_max: u64,
    /// Instances of one component. More than cores, because an instance waits while its commit reaches the disk, and a
    /// group commit is as good as the number of waiting instances.
    pub instances_max: usize,
    /// Calls that may wait for an instance of one component; the next one is told at once to come again.
    pub instance_queue_max: usize,
    /// Time a call waits for an instance.
    pub instance_wait_ms_max: u64,
    /// Calls served by one instance: enough that building it, and verifying again the tokens it knew (0.4 ms each), costs
    /// little; few enough that a slow leak stays small.
    pub instance_calls_max: u32,
    /// Time an instance may be idle before its memory is given back.
    pub instance_idle_ms_max: u64,
    /// Bytes of one instance's memory. 19 MiB are one argon2id at OWASP's parameters, 16 MiB the largest query result.
    pub instance_memory_bytes_max: usize,
    /// Bytes of memory an instance may keep between calls. One that needs more is counted in `large_instances_max` and
    /// is not used again.
    pub instance_memory_bytes_kept_max: usize,
    /// Instances beyond `instance_memory_bytes_kept_max` at one time, in the whole process. 0 means one for each core:
    /// such work is bound by the processor, so more at once would only take memory.
    pub large_instances_max: usize,
    /// Time from a call's start to its response head or, for events, jobs and ticks, to its end.
    pub call_ms_max: u64,
    /// Time from a call's start to the end of a response that streams: a long answer of a language model.
    pub call_stream_ms_max: u64,
    /// Time a call may run on a processor.
    pub call_cpu_ms_max: u64,
    /// Calls of one request through `spin.internal`, nested. Deeper is a loop.
    pub call_depth_max: u32,
    /// Calls of events, jobs and ticks at one time, so that a backlog leaves instances and processors to requests.
    pub background_calls_max: usize,
    /// Live connections (WebSocket and SSE) of one user: a dozen tabs on a few devices.
    pub live_connections_per_user_max: usize,
    /// Requests slower than this are logged as warnings.
    pub slow_request_ms: u64,
    /// Time for requests in flight to end after a signal to stop.
    pub shutdown_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            request_head_bytes_max: 32 * KIB,
            request_head_ms_max: 30_000,
            request_body_bytes_max: MIB,
            request_bodies_bytes_max: 32 * MIB,
            request_body_ms_max: 15_000,
            instances_max: 32,
            instance_queue_max: 1_024,
            instance_wait_ms_max: 5_000,
            instance_calls_max: 10_000,
            instance_idle_ms_max: 30_000,
            instance_memory_bytes_max: 64 * MIB,
            instance_memory_bytes_kept_max: 8 * MIB,
            large_instances_max: 0,
            call_ms_max: 15_000,
            call_stream_ms_max: 300_000,
            call_cpu_ms_max: 5_000,
            call_depth_max: 8,
            background_calls_max: 4,
            live_connections_per_user_max: 32,
            slow_request_ms: 2_000,
            shutdown_ms_max: 10_000,
        }
    }
}

/// The smallest request head buffer that hyper accepts.
const REQUEST_HEAD_BYTES_MIN: usize = 8 * KIB;

impl Limits {
    /// Whether the limits make sense together.
    ///
    /// # Errors
    /// The name of the limit and what it must be.
    pub(super) fn check(&self) -> Result<(), String> {
        let positive = [
            ("connections_max", self.connections_max as u64),
            ("request_head_ms_max", self.request_head_ms_max),
            ("request_body_bytes_max", self.request_body_bytes_max as u64),
            ("request_body_ms_max", self.request_body_ms_max),
            ("instances_max", self.instances_max as u64),
            ("instance_calls_max", self.instance_calls_max.into()),
            (
                "instance_memory_bytes_kept_max",
                self.instance_memory_bytes_kept_max as u64,
            ),
            ("call_ms_max", self.call_ms_max),
            ("call_cpu_ms_max", self.call_cpu_ms_max),
            ("call_depth_max", self.call_depth_max.into()),
            ("background_calls_max", self.background_calls_max as u64),
            (
                "live_connections_per_user_max",
                self.live_connections_per_user_max as u64,
            ),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(format!("limits.{name} must be at least 1"));
        }
        let ordered = [
            (
                "request_head_bytes_max",
                self.request_head_bytes_max,
                "8192, the least the server can work with",
                REQUEST_HEAD_BYTES_MIN,
            ),
            (
                "request_bodies_bytes_max",
                self.request_bodies_bytes_max,
                "request_body_bytes_max",
                self.request_body_bytes_max,
            ),
            (
                "instance_memory_bytes_max",
                self.instance_memory_bytes_max,
                "instance_memory_bytes_kept_max",
                self.instance_memory_bytes_kept_max,
            ),
            (
                "call_stream_ms_max",
                usize::try_from(self.call_stream_ms_max).unwrap_or(usize::MAX),
                "call_ms_max",
                usize::try_from(self.call_ms_max).unwrap_or(usize::MAX),
            ),
        ];
        match ordered.iter().find(|(_, value, _, least)| value < least) {
            Some((name, _, other, _)) => Err(format!("limits.{name} must be at least {other}")),
            None => Ok(()),
        }
    }

    /// [`Limits::large_instances_max`] with 0 replaced by the number of cores.
    pub fn large_instances(&self) -> usize {
        match self.large_instances_max {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        }
    }

    /// [`Limits::call_ms_max`].
    pub fn call_time(&self) -> Duration {
        Duration::from_millis(self.call_ms_max)
    }

    /// [`Limits::call_cpu_ms_max`].
    pub fn call_cpu_time(&self) -> Duration {
        Duration::from_millis(self.call_cpu_ms_max)
    }
}
