//! Timers that survive a restart, and regular ticks, on one node.
//!
//! # How it works
//! The store is the only list of timers. The scheduler looks at it a few seconds ahead, sleeps until the first timer is
//! due, and looks again; setting an earlier timer wakes it. It sleeps in short steps and reads the wall clock after each,
//! so a clock that is set forward or back moves the timers with it. Nothing runs before its time by the wall clock.
//!
//! A run that fails is put off with exponential back-off in the store itself, so a restart neither forgets it nor starts
//! its attempts anew. After [`JOB_ATTEMPTS_MAX`](dayloom_ports::limits::JOB_ATTEMPTS_MAX) the timer is dropped with an
//! error in the log: the components' tables are the truth, and their `cron` sweep finds what is left.

mod attempt;
mod backoff;
mod clock;
mod cron;
mod jobs;
mod scheduler;

pub use clock::{Clock, SystemClock};
pub use cron::CronEntry;
pub use scheduler::TimerScheduler;
