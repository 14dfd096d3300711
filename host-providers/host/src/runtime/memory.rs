//! How much memory a guest may take, alone and together with the others.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::ResourceLimiterAsync;

use crate::config::Limits;

/// Entries of one table; the pool's own limit is the same for all.
const TABLE_ELEMENTS_MAX: usize = 50_000;

/// One instance's memory.
///
/// Beyond `instance_memory_bytes_kept_max` an instance is large: there are only so many large ones at a time in the whole
/// process, and growth waits for its turn. The turn is taken once and kept, so two that grow can not block one another.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    bytes: usize,
    bytes_max: usize,
    bytes_kept_max: usize,
    turns: Arc<Semaphore>,
    turn: Option<OwnedSemaphorePermit>,
}

impl MemoryLimiter {
    /// A limiter of an instance that has no memory yet. `turns` are the process's large instances.
    pub(super) fn new(limits: &Limits, turns: Arc<Semaphore>) -> Self {
        Self {
            bytes: 0,
            bytes_max: limits.instance_memory_bytes_max,
            bytes_kept_max: limits.instance_memory_bytes_kept_max,
            turns,
            turn: None,
        }
    }

    /// Whether the instance took more than it may keep between calls.
    pub(super) fn is_large(&self) -> bool {
        self.turn.is_some()
    }
}

#[async_trait]
impl ResourceLimiterAsync for MemoryLimiter {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.bytes_max {
            return Ok(false);
        }
        if bytes > self.bytes_kept_max && self.turn.is_none() {
            self.turn = Some(self.turns.clone().acquire_owned().await?);
        }
        self.bytes = bytes;
        Ok(true)
    }

    async fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MIB: usize = 1024 * 1024;

    fn limiter(turns: &Arc<Semaphore>) -> MemoryLimiter {
        MemoryLimiter::new(&Limits::default(), turns.clone())
    }

    fn grow(limiter: &mut MemoryLimiter, from: usize, to: usize) -> Option<bool> {
        limiter
            .memory_growing(from, to, None)
            .now_or_never()
            .map(Result::unwrap)
    }

    #[test]
    fn growth_ends_at_the_limit() {
        let mut limiter = limiter(&Arc::new(Semaphore::new(1)));
        assert_eq!(grow(&mut limiter, 0, 64 * MIB), Some(true));
        assert_eq!(grow(&mut limiter, 64 * MIB, 64 * MIB + 1), Some(false));
    }

    #[test]
    fn large_instances_take_turns() {
        let turns = Arc::new(Semaphore::new(1));
        let (mut first, mut second) = (limiter(&turns), limiter(&turns));
        assert_eq!(grow(&mut first, 0, 8 * MIB), Some(true));
        assert!(!first.is_large());
        assert_eq!(grow(&mut first, 8 * MIB, 20 * MIB), Some(true));
        assert!(first.is_large());
        assert_eq!(grow(&mut second, 0, 20 * MIB), None, "waits for the first");
        drop(first);
        assert_eq!(grow(&mut second, 0, 20 * MIB), Some(true));
    }
}
