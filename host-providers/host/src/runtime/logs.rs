//! Standard output and error of a guest, line by line into the host's log.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use dayloom_ports::ComponentId;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use super::trace::Trace;

/// Bytes of one line that are kept; longer ones are cut.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Lines of one component in one second that are kept: a guest that logs in a loop must not fill the disk.
const LINES_PER_SECOND_MAX: u32 = 100;
/// Bytes a guest may write at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// Counts a component's lines, over all its instances.
#[derive(Debug)]
pub(super) struct LineRate {
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    begun: Instant,
    lines: u32,
}

impl LineRate {
    pub(super) fn new() -> Self {
        Self {
            window: Mutex::new(Window {
                begun: Instant::now(),
                lines: 0,
            }),
        }
    }

    /// Whether one more line may be logged, and how many were dropped in the second that has just ended.
    fn take(&self, now: Instant) -> (bool, u32) {
        let mut window = lock(&self.window);
        let mut dropped = 0;
        if now.duration_since(window.begun) >= Duration::from_secs(1) {
            dropped = window.lines.saturating_sub(LINES_PER_SECOND_MAX);
            *window = Window { begun: now, lines: 0 };
        }
        window.lines = window.lines.saturating_add(1);
        (window.lines <= LINES_PER_SECOND_MAX, dropped)
    }
}

/// One instance's log: the line being written and the request it is written for.
#[derive(Clone)]
pub(super) struct GuestLog {
    component: ComponentId,
    rate: Arc<LineRate>,
    current: Arc<Mutex<Current>>,
}

struct Current {
    trace: Trace,
    line: Vec<u8>,
}

impl GuestLog {
    pub(super) fn new(component: ComponentId, rate: Arc<LineRate>) -> Self {
        Self {
            component,
            rate,
            current: Arc::new(Mutex::new(Current {
                trace: Trace::begin(),
                line: Vec::new(),
            })),
        }
    }

    /// Lines from now on belong to `trace`.
    pub(super) fn begin(&self, trace: Trace) {
        lock(&self.current).trace = trace;
    }

    fn append(&self, bytes: &[u8]) {
        let mut current = lock(&self.current);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            let room = LINE_BYTES_MAX - current.line.len();
            current.line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.emit(current.trace, &current.line);
                current.line.clear();
            }
        }
    }

    fn emit(&self, trace: Trace, line: &[u8]) {
        let (kept, dropped) = self.rate.take(Instant::now());
        if dropped > 0 {
            tracing::warn!(component = %self.component, lines = dropped, "lines of the component were dropped");
        }
        if kept && !line.is_empty() {
            let line = String::from_utf8_lossy(line);
            tracing::info!(target: "dayloom::guest", component = %self.component, trace_id = %trace, "{line}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing between lock and unlock leaves the value half changed, so a panic elsewhere is no reason to stop.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this form, and this host links 0.2.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for GuestLog {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_rate_are_counted_and_reported_a_second_later() {
        let rate = LineRate::new();
        let begun = Instant::now();
        let kept = (0..LINES_PER_SECOND_MAX + 5).filter(|_| rate.take(begun).0).count();
        assert_eq!(kept, LINES_PER_SECOND_MAX as usize);
        assert_eq!(rate.take(begun + Duration::from_secs(2)), (true, 5));
    }

    #[test]
    fn a_line_is_cut_at_its_limit_and_the_next_one_begins_clean() {
        let log = GuestLog::new("test".into(), Arc::new(LineRate::new()));
        log.append(&vec![b'a'; LINE_BYTES_MAX + 1]);
        assert_eq!(lock(&log.current).line.len(), LINE_BYTES_MAX);
        log.append(b"cut\nnext");
        assert_eq!(lock(&log.current).line, b"next");
    }
}
