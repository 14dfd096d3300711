//! Group commit: the one thread that writes.
//!
//! It takes whatever is queued, runs it in one transaction and answers everybody after the one fsync at its end. While
//! that runs, the next group queues up, so groups grow with load and a lone caller never waits for company.
//!
//! A request that fails must not touch its neighbours. Most that fail have changed nothing yet (a repeated idempotency
//! key, a lost update): those are simply answered. Otherwise the transaction is begun again without the failed request,
//! and with a savepoint around every other one. Savepoints cost page copies, so they are not paid for in advance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dayloom_ports::{StatementOutcome, StorageError};
use tokio::sync::Semaphore;

use crate::budget::Allowance;
use crate::checkpoints::Checkpoints;
use crate::error::SqlError;
use crate::group::{Group, Slot, Task};
use crate::log::{INSERT_EVENT, LogEntry, Tail, insert_event};
use crate::metrics::WriterMetrics;
use crate::queue::{Message, QUEUE_BYTES_MAX, Queue};
use crate::request::CommitRequest;
use crate::session::{ResultAllowance, Session};
use crate::time::now_ms;

/// How long one statement may hold everybody up. Writes find their rows by index; this is for the one that does not.
const STATEMENT_TIME_MAX: Duration = Duration::from_secs(2);

pub(crate) struct Writer {
    pub(crate) session: Session,
    pub(crate) tail: Arc<Tail>,
    pub(crate) metrics: WriterMetrics,
    /// The last position given in a transaction that was committed.
    pub(crate) last_position: u64,
    /// Whether the last transaction got through.
    pub(crate) healthy: Arc<AtomicBool>,
}

/// How far a transaction got.
enum Attempt {
    /// Every request has run or is refused.
    Complete { last_position: u64 },
    /// A request that had changed something is refused: begin again without it.
    Restart,
}

impl Writer {
    /// Starts the thread, which ends when the queue is stopped.
    pub(crate) fn spawn(
        mut self,
        checkpoints: Checkpoints,
        messages: Receiver<Message>,
        queue: &Queue,
    ) -> std::io::Result<JoinHandle<()>> {
        let room = queue.room();
        let run = move || self.run_until_stopped(&checkpoints, &messages, &room);
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(run)
    }

    fn run_until_stopped(&mut self, checkpoints: &Checkpoints, messages: &Receiver<Message>, room: &Semaphore) {
        let mut is_last = false;
        while !is_last {
            let group = Group::gather(messages);
            is_last = group.is_last;
            if group.slots.is_empty() {
                continue;
            }
            let waiting = QUEUE_BYTES_MAX.saturating_sub(room.available_permits());
            self.metrics.group(group.slots.len(), waiting);
            let started = Instant::now();
            self.commit(group);
            self.metrics.committed_in(started.elapsed());
            checkpoints.run_if_due(self.session.as_host());
        }
    }

    fn commit(&mut self, mut group: Group) {
        match self.transact(&mut group.slots) {
            Ok(last_position) => {
                self.healthy.store(true, Relaxed);
                self.publish(group, last_position);
            }
            Err(error) => {
                // A transaction that SQLite has ended by itself needs no ROLLBACK; one that fails leaves nothing to do.
                if !self.session.as_host().is_autocommit() {
                    let _ = self.run("ROLLBACK");
                }
                self.healthy.store(false, Relaxed);
                tracing::error!(%error, requests = group.slots.len(), "a group of commits was rolled back");
                let reason = StorageError::Unavailable(error.to_string());
                for mut slot in group.slots {
                    slot.refused = Some(reason.clone());
                    slot.answer(&self.metrics);
                }
            }
        }
    }

    /// Runs the group until it is durable; returns the last position of the log.
    fn transact(&self, slots: &mut [Slot]) -> rusqlite::Result<u64> {
        let mut guarded = false;
        loop {
            self.run("BEGIN IMMEDIATE")?;
            match self.attempt(slots, guarded)? {
                Attempt::Complete { last_position } => {
                    self.run("COMMIT")?;
                    return Ok(last_position);
                }
                Attempt::Restart => {
                    if !self.session.as_host().is_autocommit() {
                        self.run("ROLLBACK")?;
                    }
                    self.metrics.restarted();
                    guarded = true;
                }
            }
        }
    }

    fn attempt(&self, slots: &mut [Slot], guarded: bool) -> rusqlite::Result<Attempt> {
        let committed_at = now_ms();
        let mut last_position = self.last_position;
        for slot in slots.iter_mut().filter(|slot| slot.refused.is_none()) {
            let connection = self.session.as_host();
            let changes_before = connection.total_changes();
            if guarded {
                self.run("SAVEPOINT request")?;
            }
            let result = match &mut slot.task {
                Task::Commit { request, outcomes, .. } => self
                    .apply(request, outcomes, last_position, committed_at)
                    .map(|()| request.events.len() as u64),
                Task::Host { write, returned, .. } => write(self.session.as_host())
                    .map(|count| {
                        *returned = count;
                        0
                    })
                    .map_err(|error| (0, SqlError::from(error))),
            };
            let connection = self.session.as_host();
            match result {
                Ok(events) => last_position += events,
                Err((_, SqlError::Store(error))) => return Err(error),
                Err((index, error)) => {
                    slot.refused = Some(error.into_storage_error(index));
                    // An interrupted write makes SQLite end the whole transaction.
                    if connection.is_autocommit() {
                        return Ok(Attempt::Restart);
                    }
                    if guarded {
                        self.run("ROLLBACK TO request")?;
                    } else if connection.total_changes() != changes_before {
                        return Ok(Attempt::Restart);
                    }
                }
            }
            if guarded {
                self.run("RELEASE request")?;
            }
        }
        Ok(Attempt::Complete { last_position })
    }

    /// Runs one request inside the open transaction. An error comes with the statement it is about.
    fn apply(
        &self,
        request: &CommitRequest,
        outcomes: &mut Vec<StatementOutcome>,
        last_position: u64,
        committed_at: u64,
    ) -> Result<(), (u32, SqlError)> {
        outcomes.clear();
        let mut results = ResultAllowance::default();
        for (index, statement) in (0..).zip(&request.statements) {
            let allowance = Allowance::Time(STATEMENT_TIME_MAX);
            let outcome = self
                .session
                .execute(
                    request.component,
                    &statement.sql,
                    &statement.params,
                    allowance,
                    &mut results,
                )
                .map_err(|error| (index, error))?;
            if statement
                .expected_changes
                .is_some_and(|expected| expected != outcome.changed)
            {
                return Err((index, SqlError::Violation));
            }
            outcomes.push(outcome);
        }
        if !request.events.is_empty() {
            self.append(request, last_position, committed_at)
                .map_err(|error| (request.event_index(), error.into()))?;
        }
        Ok(())
    }

    fn append(&self, request: &CommitRequest, last_position: u64, committed_at: u64) -> rusqlite::Result<()> {
        let mut insert = self.session.as_host().prepare_cached(INSERT_EVENT)?;
        for (position, event) in (last_position + 1..).zip(&request.events) {
            insert_event(&mut insert, position, committed_at, event)?;
        }
        Ok(())
    }

    /// Answers everybody, then lets the lanes see the new events.
    fn publish(&mut self, group: Group, last_position: u64) {
        let mut entries = Vec::new();
        for mut slot in group.slots {
            if slot.refused.is_none()
                && let Task::Commit { request, .. } = &mut slot.task
            {
                for event in request.events.drain(..) {
                    self.last_position += 1;
                    entries.push(LogEntry::at(self.last_position, event));
                }
            }
            slot.answer(&self.metrics);
        }
        debug_assert_eq!(
            self.last_position, last_position,
            "events in memory have the positions they have on disk"
        );
        if !entries.is_empty() {
            self.tail.append(entries);
        }
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.session.as_host().prepare_cached(sql)?.execute([]).map(|_| ())
    }
}
