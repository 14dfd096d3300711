//! What shares one transaction.

use std::sync::mpsc::Receiver;

use dayloom_ports::{StatementOutcome, StorageError};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot::Sender;

use crate::metrics::WriterMetrics;
use crate::queue::{HostWrite, Message, Queued, Work};
use crate::request::CommitRequest;

/// Requests in one transaction: bounds how long the first of them waits for the last.
const GROUP_REQUESTS_MAX: usize = 512;

/// Bytes of requests in one transaction, past which no more are added: what a slow disk takes in a few 100 ms.
const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;

/// One request of a group and what has become of it.
pub(crate) struct Slot {
    pub(crate) task: Task,
    /// Why it is out; it stays out when the transaction is begun again.
    pub(crate) refused: Option<StorageError>,
}

pub(crate) enum Task {
    Commit {
        request: CommitRequest,
        outcomes: Vec<StatementOutcome>,
        answer: Sender<Result<Vec<StatementOutcome>, StorageError>>,
    },
    Host {
        write: HostWrite,
        returned: usize,
        answer: Sender<Result<usize, StorageError>>,
    },
}

impl Slot {
    /// Tells the caller. One that no longer listens changes nothing about what was done.
    pub(crate) fn answer(self, metrics: &WriterMetrics) {
        match self.task {
            Task::Commit { outcomes, answer, .. } => {
                let result = self.refused.map_or(Ok(outcomes), Err);
                metrics.answered(&result);
                let _ = answer.send(result);
            }
            Task::Host { returned, answer, .. } => {
                let _ = answer.send(self.refused.map_or(Ok(returned), Err));
            }
        }
    }
}

impl From<Work> for Slot {
    fn from(work: Work) -> Self {
        let task = match work {
            Work::Commit(request, answer) => Task::Commit {
                request,
                outcomes: Vec::new(),
                answer,
            },
            Work::Host(write, answer) => Task::Host {
                write,
                returned: 0,
                answer,
            },
        };
        Self { task, refused: None }
    }
}

/// Requests that will be one transaction.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) slots: Vec<Slot>,
    bytes: usize,
    /// Room in the queue, given back after the answers.
    _rooms: Vec<OwnedSemaphorePermit>,
    /// The writer was asked to end after this group.
    pub(crate) is_last: bool,
}

impl Group {
    /// Waits for a request and takes all that wait behind it, within bounds.
    pub(crate) fn gather(messages: &Receiver<Message>) -> Self {
        let mut group = Self::default();
        // The sender is gone: the same as being asked to stop.
        let mut next = Some(messages.recv().unwrap_or(Message::Stop));
        while let Some(message) = next {
            match message {
                Message::Write(Queued { work, bytes, room }) => {
                    group.slots.push(Slot::from(work));
                    group.bytes += bytes;
                    group._rooms.push(room);
                }
                Message::Stop => group.is_last = true,
            }
            let has_room = group.slots.len() < GROUP_REQUESTS_MAX && group.bytes < GROUP_BYTES_MAX;
            next = if has_room && !group.is_last {
                messages.try_recv().ok()
            } else {
                None
            };
        }
        group
    }
}
