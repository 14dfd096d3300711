//! The way to the writer: bounded by what it holds in bytes, which also bounds its length.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use dayloom_ports::{StatementOutcome, StorageError};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::request::CommitRequest;

/// Bytes of requests that wait or are being written: four of the largest commits, a few thousand usual ones.
pub(crate) const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a request weighs besides its parameters and bodies, so that empty ones are bounded too.
const REQUEST_OVERHEAD_BYTES: usize = 1024;

/// How long a caller waits for room before it is told to come back later: well within an HTTP client's patience.
const QUEUE_WAIT_MAX: Duration = Duration::from_secs(2);

/// A write of the provider itself. It may be called again when its transaction has to be repeated.
pub(crate) type HostWrite = Box<dyn Fn(&Connection) -> rusqlite::Result<usize> + Send>;

/// What the writer is asked to do, and where the answer goes.
pub(crate) enum Work {
    Commit(
        CommitRequest,
        oneshot::Sender<Result<Vec<StatementOutcome>, StorageError>>,
    ),
    Host(HostWrite, oneshot::Sender<Result<usize, StorageError>>),
}

pub(crate) struct Queued {
    pub(crate) work: Work,
    pub(crate) bytes: usize,
    /// Gives the bytes back to the queue when it is dropped.
    pub(crate) room: OwnedSemaphorePermit,
}

/// What the writer receives.
pub(crate) enum Message {
    Write(Queued),
    /// End after everything that was sent before.
    Stop,
}

#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Message>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Message>) {
        let (sender, receiver) = mpsc::channel();
        (
            Self {
                sender,
                room: Arc::new(Semaphore::new(QUEUE_BYTES_MAX)),
            },
            receiver,
        )
    }

    /// What is left of [`QUEUE_BYTES_MAX`], as permits.
    pub(crate) fn room(&self) -> Arc<Semaphore> {
        self.room.clone()
    }

    pub(crate) async fn commit(&self, request: CommitRequest) -> Result<Vec<StatementOutcome>, StorageError> {
        let (answer, answered) = oneshot::channel();
        self.send(request.bytes(), Work::Commit(request, answer)).await?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Runs a write of the provider in the next transaction; returns what the closure returned once that is durable.
    pub(crate) async fn host(
        &self,
        write: impl Fn(&Connection) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<usize, StorageError> {
        let (answer, answered) = oneshot::channel();
        self.send(0, Work::Host(Box::new(write), answer)).await?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Ends the writer once it has answered what was sent so far. What is sent later is `Unavailable`.
    pub(crate) fn stop(&self) {
        // A writer that is gone has stopped.
        let _ = self.sender.send(Message::Stop);
    }

    async fn send(&self, bytes: usize, work: Work) -> Result<(), StorageError> {
        let bytes = (bytes + REQUEST_OVERHEAD_BYTES).min(QUEUE_BYTES_MAX);
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(QUEUE_WAIT_MAX, self.room.clone().acquire_many_owned(permits))
            .await
            .map_err(|_| StorageError::Unavailable("the write queue is full".to_owned()))?
            .map_err(|_| stopped())?;
        self.sender
            .send(Message::Write(Queued { work, bytes, room }))
            .map_err(|_| stopped())
    }
}

fn stopped() -> StorageError {
    StorageError::Unavailable("the writer has stopped".to_owned())
}
