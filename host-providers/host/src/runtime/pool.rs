//! The instances of one component: reused one call at a time, the last used first, never more than so many.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::instance::Instance;
use crate::config::Limits;

pub(super) struct Pool {
    /// Idle instances; the last used is the last, so that those at the front are the ones to give back.
    idle: Mutex<Vec<Instance>>,
    /// One for each instance that may work.
    turns: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
    wait_max: Duration,
}

/// Too many calls wait already, or this one waited too long.
#[derive(Debug, PartialEq)]
pub(super) struct Full;

impl Pool {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            idle: Mutex::new(Vec::new()),
            turns: Semaphore::new(limits.instances_max),
            waiting: AtomicUsize::new(0),
            waiting_max: limits.instance_queue_max,
            wait_max: Duration::from_millis(limits.instance_wait_ms_max),
        }
    }

    /// Waits for the right to use one instance. The caller gives it back with [`Pool::leave`].
    pub(super) async fn enter(&self) -> Result<(), Full> {
        let turn = match self.turns.try_acquire() {
            Ok(turn) => turn,
            Err(_none_free) => {
                let _queued = Queued::enter(self)?;
                match tokio::time::timeout(self.wait_max, self.turns.acquire()).await {
                    Ok(Ok(turn)) => turn,
                    Ok(Err(_)) | Err(_) => return Err(Full),
                }
            }
        };
        turn.forget();
        Ok(())
    }

    /// The idle instance that was used last.
    pub(super) fn take(&self) -> Option<Instance> {
        self.idle().pop()
    }

    /// Keeps an instance for a later call.
    pub(super) fn keep(&self, instance: Instance) {
        self.idle().push(instance);
    }

    /// Gives the right to use one instance back.
    pub(super) fn leave(&self) {
        self.turns.add_permits(1);
    }

    /// Drops instances that have been idle for longer than `age` and says how many.
    pub(super) fn expire(&self, age: Duration, now: Instant) -> usize {
        let mut idle = self.idle();
        // The stack is in the order of last use, so the old ones are all at the front.
        let old = idle.partition_point(|instance| now.duration_since(instance.idle_since) >= age);
        let expired: Vec<_> = idle.drain(..old).collect();
        drop(idle);
        expired.len()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        // A push or pop is whole or did not happen, so a panic elsewhere leaves nothing to distrust.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, given back on drop, because the waiting client may go away.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(pool: &'a Pool) -> Result<Self, Full> {
        let place = Self(&pool.waiting);
        let before = pool.waiting.fetch_add(1, Ordering::Relaxed);
        if before < pool.waiting_max {
            Ok(place)
        } else {
            Err(Full)
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_beyond_the_queue_are_refused_at_once_and_waiting_ones_in_time() {
        let limits = Limits {
            instances_max: 1,
            instance_queue_max: 1,
            instance_wait_ms_max: 50,
            ..Limits::default()
        };
        let pool = Pool::new(&limits);
        assert_eq!(pool.enter().await, Ok(()));
        let (waited, refused) = tokio::join!(pool.enter(), pool.enter());
        assert_eq!((waited, refused), (Err(Full), Err(Full)));
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
        pool.leave();
        assert_eq!(pool.enter().await, Ok(()));
    }
}
