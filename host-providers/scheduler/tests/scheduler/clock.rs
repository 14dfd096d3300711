use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use dayloom_ports::TimestampMs;
use dayloom_scheduler::Clock;
use tokio::sync::oneshot;

use crate::becomes;

/// A wall clock and a monotonic clock that stand still until they are moved.
pub(crate) struct FakeClock {
    times: Mutex<Times>,
    /// How many loops sleep when nothing is left to do.
    loops: usize,
}

struct Times {
    wall: TimestampMs,
    monotonic: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl FakeClock {
    pub(crate) fn at(wall: TimestampMs, loops: usize) -> Self {
        let times = Times {
            wall,
            monotonic: Duration::ZERO,
            sleepers: Vec::new(),
        };
        Self {
            times: Mutex::new(times),
            loops,
        }
    }

    /// Sets the wall clock, as an administrator does: no sleep notices.
    pub(crate) fn set(&self, wall: TimestampMs) {
        self.times.lock().unwrap().wall = wall;
    }

    /// Lets time pass in small steps. After each, every loop has seen the time and sleeps again.
    pub(crate) async fn advance(&self, ms: u64) {
        self.quiet().await;
        let mut remaining = ms;
        while remaining > 0 {
            let step = remaining.min(50);
            remaining -= step;
            {
                let mut times = self.times.lock().unwrap();
                times.wall += step;
                times.monotonic += Duration::from_millis(step);
                let now = times.monotonic;
                // A sleeper that is woken is gone at once, so `quiet` can not take it for one that sleeps again.
                for (_, wake) in times.sleepers.extract_if(.., |(until, _)| *until <= now) {
                    let _ = wake.send(());
                }
            }
            self.quiet().await;
        }
    }

    /// Waits until every loop sleeps.
    pub(crate) async fn quiet(&self) {
        becomes(|| {
            let times = self.times.lock().unwrap();
            times.sleepers.iter().filter(|(_, wake)| !wake.is_closed()).count() >= self.loops
        })
        .await;
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> TimestampMs {
        self.times.lock().unwrap().wall
    }

    async fn sleep(&self, duration: Duration) {
        let (wake, woken) = oneshot::channel();
        {
            let mut times = self.times.lock().unwrap();
            let until = times.monotonic + duration;
            times.sleepers.push((until, wake));
        }
        let _ = woken.await;
    }
}
