//! A stream of Server-Sent Events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), in the form that our
//! own gateway writes: `retry`, an `id` that says from where it listens, events, `reload`, and comments as heartbeats.

use std::time::{Duration, Instant};

use dayloom_ports::live::{Position, sse_event, sse_opening, sse_reload};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{OutgoingBody, ResponseOutparam};
use wasip2::io::poll::poll;
use wasip2::io::streams::OutputStream;

use super::hold::Hold;
use super::log::{Log, Message, Next};
use crate::exchange;

/// Between two comments: proxies close what is silent for a minute.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// The longest wait for messages: after it, a client that is gone is noticed.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long a client may take for what it is sent, before it is too slow.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// The longest that a stream is held, whatever its service says: a day.
const HELD_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a stream begins.
pub(super) struct Opening {
    position: Position,
    is_gone: bool,
}

impl Opening {
    /// After what the client has, if that is still known; else at the log's end.
    pub(super) fn of(log: &mut dyn Log, user_id: &str, resume_after: Option<&str>) -> Result<Self, String> {
        let Some(resume_after) = resume_after else {
            return Ok(Self {
                position: log.newest()?,
                is_gone: false,
            });
        };
        if let Ok(position) = resume_after.parse::<Position>()
            && !matches!(log.after(position, user_id)?, Next::Gone(_))
        {
            return Ok(Self {
                position,
                is_gone: false,
            });
        }
        Ok(Self {
            position: log.newest()?,
            is_gone: true,
        })
    }
}

/// Writes until the hold ends, the client is gone or too slow, or messages can not be read. The client connects again.
pub(super) fn run(log: &mut dyn Log, hold: &Hold, opening: Opening, response: ResponseOutparam) {
    let headers = [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        // Else nginx, which ingress controllers are made of, keeps events back until a buffer is full.
        ("x-accel-buffering", "no"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let Some(body) = exchange::head(response, 200, &headers) else {
        return;
    };
    let Ok(output) = body.write() else { return };
    let ends_at = Instant::now() + hold.expires_in.min(HELD_MAX);
    match feed(log, &hold.user_id, opening, &output, ends_at) {
        End::Over => {
            drop(output);
            drop(OutgoingBody::finish(body, None));
        }
        End::Gone => {}
        End::Unreadable(reason) => eprintln!("live messages can not be read: {reason}"),
    }
}

/// Why a stream ends.
enum End {
    /// Its time is over.
    Over,
    /// The client is gone, or too slow.
    Gone,
    /// Messages can not be read.
    Unreadable(String),
}

impl From<String> for End {
    fn from(reason: String) -> Self {
        Self::Unreadable(reason)
    }
}

fn feed(log: &mut dyn Log, user_id: &str, opening: Opening, output: &OutputStream, ends_at: Instant) -> End {
    let mut position = opening.position;
    let mut text = sse_opening(position, opening.is_gone);
    let mut heartbeat_at = Instant::now() + HEARTBEAT_EVERY;
    loop {
        if !text.is_empty() {
            if write(output, text.as_bytes()).is_err() {
                return End::Gone;
            }
            text.clear();
        }
        let now = Instant::now();
        if now >= ends_at {
            return End::Over;
        }
        if output.check_write().is_err() {
            return End::Gone;
        }
        if now >= heartbeat_at {
            heartbeat_at = now + HEARTBEAT_EVERY;
            ":\n\n".clone_into(&mut text);
        }
        let next = match log.after(position, user_id) {
            Ok(next) => next,
            Err(reason) => return reason.into(),
        };
        match next {
            Next::Gone(newest) => {
                position = newest;
                text.push_str(&sse_reload(position));
            }
            Next::Messages { messages, reached } => {
                let epoch = position.epoch;
                let blocks = messages
                    .iter()
                    .map(|Message { number, body }| sse_event(Position { epoch, number: *number }, body));
                text.extend(blocks);
                let is_further = reached != position;
                position = reached;
                if text.is_empty() && !is_further {
                    let wait = WAIT_MAX
                        .min(ends_at - now)
                        .min(heartbeat_at.saturating_duration_since(now));
                    if let Err(reason) = log.wait(position, wait) {
                        return reason.into();
                    }
                }
            }
        }
    }
}

/// Writes and flushes, unless the client is gone or does not take it in time.
fn write(output: &OutputStream, mut bytes: &[u8]) -> Result<(), ()> {
    let deadline = Instant::now() + WRITE_WITHIN;
    while !bytes.is_empty() {
        let allowed = usize::try_from(output.check_write().map_err(drop)?).unwrap_or(usize::MAX);
        if allowed == 0 {
            ready(output, deadline)?;
            continue;
        }
        let (now, later) = bytes.split_at(allowed.min(bytes.len()));
        output.write(now).map_err(drop)?;
        bytes = later;
    }
    output.flush().map_err(drop)?;
    ready(output, deadline)
}

fn ready(output: &OutputStream, deadline: Instant) -> Result<(), ()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(());
    }
    let timer = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
    poll(&[&output.subscribe(), &timer]);
    Ok(())
}
