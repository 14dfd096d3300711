use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::{sync::watch, time::Instant};

use crate::{
    gateway::TooMany,
    message::{Position, Recent},
    registry::Registry,
};

/// The messages this connection had not taken yet are gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lagged;

/// One connection's cursor into its user's history. Leaves the registry when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    registry: Arc<Mutex<Registry>>,
    user_id: Arc<str>,
    position: Position,
    wake: watch::Receiver<()>,
}

impl Listener {
    /// Listens from now on.
    pub(crate) fn join(registry: &Arc<Mutex<Registry>>, user_id: &str) -> Result<Self, TooMany> {
        let user_id = Arc::from(user_id);
        let (position, wake) = lock(registry).join(&user_id, Instant::now())?;
        Ok(Self {
            registry: Arc::clone(registry),
            user_id,
            position,
            wake,
        })
    }

    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Of the last message taken: everything after it is still to come.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Goes back to `id`, an id of an earlier message. False if what followed it is not all there any more.
    pub(crate) fn resume(&mut self, id: &str) -> bool {
        let Ok(position) = id.parse() else { return false };
        let reached = lock(&self.registry).reaches_back_to(&self.user_id, position);
        if reached {
            self.position = position;
        }
        reached
    }

    /// Waits for messages and takes the next ones, at least one. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Vec<Arc<Recent>>, Lagged> {
        loop {
            let next = lock(&self.registry)
                .after(&self.user_id, self.position.number)
                .ok_or(Lagged)?;
            if let Some(last) = next.last() {
                self.position.number = last.number();
                return Ok(next);
            }
            self.wake().await;
        }
    }

    /// Waits until messages that were not taken yet are gone.
    pub(crate) async fn lagged(&mut self) {
        while lock(&self.registry).reaches_back_to(&self.user_id, self.position) {
            self.wake().await;
        }
    }

    async fn wake(&mut self) {
        // The sender lives in the registry as long as this listener is counted there, so the wait can not fail.
        let _ = self.wake.changed().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        lock(&self.registry).leave(&self.user_id, Instant::now());
    }
}

/// No critical section leaves the registry half changed, so a panic in one is no reason to stop the others.
pub(crate) fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}
