use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dayloom_ports::live::Position;
use tokio::{sync::watch, time::Instant};

use crate::{gateway::TooMany, message::Recent, registry::Registry};

/// The messages this connection had not taken yet are gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lagged;

/// What a connection has to say next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Messages, at least one.
    Messages(Vec<Arc<Recent>>),
    /// Messages may have been missed; the cursor is at the newest one that is here.
    Reload,
}

/// What became of a wish to resume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// What follows will be taken next.
    Back,
    /// The client has seen more on another gateway than this one has to offer: nothing follows yet.
    Ahead,
    /// What followed it is not all there any more; nothing has changed.
    Gone,
}

/// One connection's cursor into its user's history. Leaves the registry when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    registry: Arc<Mutex<Registry>>,
    user_id: Arc<str>,
    position: Position,
    /// Number of the message since which everything up to `position` was taken here.
    since: u64,
    /// While the cursor is back among what was missed: what was taken before it went there.
    taken: Option<Taken>,
    /// Of the registry when `position` was set.
    generation: u64,
    wake: watch::Receiver<()>,
}

/// The messages numbered after `since` and up to `until`.
#[derive(Debug, Clone, Copy)]
struct Taken {
    since: u64,
    until: u64,
}

impl Listener {
    /// Listens from now on.
    pub(crate) fn join(registry: &Arc<Mutex<Registry>>, user_id: &str) -> Result<Self, TooMany> {
        let user_id = Arc::from(user_id);
        let mut guard = lock(registry);
        let (position, wake) = guard.join(&user_id, Instant::now())?;
        let generation = guard.generation();
        drop(guard);
        Ok(Self {
            registry: Arc::clone(registry),
            user_id,
            position,
            since: position.number,
            taken: None,
            generation,
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

    /// Takes what followed `id`, an id of an earlier message, but not what was taken since this connection began: messages
    /// may have come between the beginning and the wish.
    pub(crate) fn resume(&mut self, id: &str) -> Resumed {
        let Ok(position) = id.parse() else { return Resumed::Gone };
        let registry = lock(&self.registry);
        if !registry.reaches_back_to(&self.user_id, position) {
            return Resumed::Gone;
        }
        let is_ahead = registry.latest(&self.user_id).is_some_and(|latest| position > latest);
        drop(registry);
        self.go_to(position.number);
        if is_ahead { Resumed::Ahead } else { Resumed::Back }
    }

    fn go_to(&mut self, number: u64) {
        if number < self.since {
            let missed_before = Taken {
                since: self.since,
                until: self.position.number,
            };
            // If it is back already, what was taken before that is still as it was.
            self.taken.get_or_insert(missed_before);
            (self.since, self.position.number) = (number, number);
        } else if number > self.position.number {
            self.position.number = number;
        }
    }

    /// Waits for something to say. Nothing is lost if the wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Next, Lagged> {
        loop {
            if let Some(next) = self.poll()? {
                return Ok(next);
            }
            self.wake().await;
        }
    }

    fn poll(&mut self) -> Result<Option<Next>, Lagged> {
        let registry = lock(&self.registry);
        if registry.generation() != self.generation {
            self.generation = registry.generation();
            self.position = registry.latest(&self.user_id).ok_or(Lagged)?;
            self.since = self.position.number;
            self.taken = None;
            return Ok(Some(Next::Reload));
        }
        let mut next = registry.after(&self.user_id, self.position.number).ok_or(Lagged)?;
        if let Some(taken) = self.taken {
            next.truncate(next.partition_point(|message| message.number() <= taken.since));
            if next.is_empty() {
                self.taken = None;
                self.position.number = self.position.number.max(taken.until);
                next = registry.after(&self.user_id, self.position.number).ok_or(Lagged)?;
            }
        }
        let Some(last) = next.last() else { return Ok(None) };
        self.position.number = last.number();
        Ok(Some(Next::Messages(next)))
    }

    /// Waits until messages that were not taken yet are gone. Those of another generation are not: they are reloaded.
    pub(crate) async fn lagged(&mut self) {
        while !self.is_behind() {
            self.wake().await;
        }
    }

    fn is_behind(&self) -> bool {
        let registry = lock(&self.registry);
        registry.generation() == self.generation && !registry.reaches_back_to(&self.user_id, self.position)
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
