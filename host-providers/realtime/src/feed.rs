use std::sync::{Arc, Mutex};

use dayloom_ports::{Message, live::Position};
use tokio::{sync::watch, time::Instant};

use crate::{gateway::count_taken, listener::lock, registry::Registry};

/// The one writer of a [`Gateway`](crate::Gateway) whose messages come from a log: whoever reads the log hands it over here.
///
/// The log numbers its messages; the ids that clients resume with are its positions, so that every gateway understands
/// those of every other one.
#[derive(Debug)]
pub struct Feed {
    registry: Arc<Mutex<Registry>>,
    caught_up: watch::Sender<bool>,
}

impl Feed {
    pub(crate) fn new(registry: Arc<Mutex<Registry>>, caught_up: watch::Sender<bool>) -> Self {
        Self { registry, caught_up }
    }

    /// From now on, everything after `start` is pushed. What was before it is forgotten, and everyone who is connected is
    /// told to reload: for the beginning, for a log that has begun anew, and for a gap.
    pub fn begin(&self, start: Position) {
        lock(&self.registry).begin(start);
    }

    /// The log's next message. Numbers grow from the one the log [began](Self::begin) with; those without a message for a
    /// user may be left out. A repeat of a recent event is dropped.
    pub fn push(&self, number: u64, message: Message) {
        let is_taken = lock(&self.registry).receive(number, message, Instant::now());
        count_taken(u64::from(is_taken));
    }

    /// What the log had when it was opened is pushed: the connections that waited for it begin.
    pub fn caught_up(&self) {
        self.caught_up.send_if_modified(|is_so| !std::mem::replace(is_so, true));
    }
}
