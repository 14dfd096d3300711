use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Virtual machine instructions between two looks at the budget: about 50 µs of work.
pub(crate) const TICK_INSTRUCTIONS: i32 = 1_000;

/// The start of the time scale that deadlines are stored on.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How much one statement may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// So many times [`TICK_INSTRUCTIONS`]; counted in work, so that a busy machine does not change the verdict.
    Ticks(u32),
    /// So much wall time.
    Time(Duration),
    /// Whatever it needs: the host's own statements.
    Unlimited,
}

/// What is left of the running statement's allowance. Shared with SQLite's progress handler.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    ticks_left: AtomicU32,
    deadline_us: AtomicU64,
}

impl Budget {
    pub(crate) fn set(&self, allowance: Allowance) {
        let (ticks, deadline) = match allowance {
            Allowance::Ticks(ticks) => (ticks, u64::MAX),
            Allowance::Time(time) => (u32::MAX, elapsed_us().saturating_add(micros(time))),
            Allowance::Unlimited => (u32::MAX, u64::MAX),
        };
        self.ticks_left.store(ticks, Relaxed);
        self.deadline_us.store(deadline, Relaxed);
    }

    /// Called by SQLite; true stops the statement.
    pub(crate) fn is_spent(&self) -> bool {
        let deadline = self.deadline_us.load(Relaxed);
        if deadline != u64::MAX {
            return elapsed_us() >= deadline;
        }
        match self.ticks_left.load(Relaxed) {
            0 => true,
            u32::MAX => false,
            left => {
                self.ticks_left.store(left - 1, Relaxed);
                false
            }
        }
    }
}

fn elapsed_us() -> u64 {
    micros(START.elapsed())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
