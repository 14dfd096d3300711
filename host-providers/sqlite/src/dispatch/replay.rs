//! Puts dead letters that somebody wants replayed back into their lane.
//!
//! The wish is a mark in the row, set by another process, so the table is looked at twice a second. The mark stays until
//! the replay has an outcome: a crash in between replays again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::{ComponentId, StorageError};
use rusqlite::{Connection, params};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::backlog::{Origin, Pending};
use crate::log::{LogEntry, partition_of};
use crate::readers::Readers;

/// Replays waiting in one lane, of up to 256 KiB each.
pub(super) const REPLAYS_PER_LANE_MAX: usize = 8;

/// Between two looks at the table. A person who asks for a replay sees it at once.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Marks read at a look; when these have an outcome the next come.
const MARKS_MAX: i64 = 1_000;

/// A dead letter's id and when it was marked: a second wish after a failed replay is another one.
type Mark = (i64, i64);

pub(super) struct Replayer {
    readers: Readers,
    /// For each subscriber, the lanes of its partitions.
    subscribers: Vec<(ComponentId, Vec<mpsc::Sender<Pending>>)>,
    /// What was put into a lane and has no outcome yet.
    under_way: HashSet<Mark>,
}

impl Replayer {
    pub(super) fn new(readers: Readers) -> Self {
        Self {
            readers,
            subscribers: Vec::new(),
            under_way: HashSet::new(),
        }
    }

    pub(super) fn add(&mut self, subscriber: ComponentId, lanes: Vec<mpsc::Sender<Pending>>) {
        self.subscribers.push((subscriber, lanes));
    }

    /// Looks for ever.
    pub(super) async fn run(&mut self) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "dead letters to replay could not be read");
            }
        }
    }

    async fn look(&mut self) -> Result<(), StorageError> {
        let mut marked = HashSet::new();
        for (subscriber, lanes) in &self.subscribers {
            let marks = self
                .readers
                .host(|connection| read_marks(connection, subscriber))
                .await?;
            for mark in &marks {
                if self.under_way.contains(mark) {
                    continue;
                }
                let pending = self.readers.host(|connection| read(connection, mark.0)).await?;
                // A lane that is full takes the rest at a later look.
                if lanes[usize::from(pending.entry.partition)].try_send(pending).is_ok() {
                    self.under_way.insert(*mark);
                }
            }
            marked.extend(marks);
        }
        self.under_way.retain(|mark| marked.contains(mark));
        Ok(())
    }
}

fn read_marks(connection: &Connection, subscriber: &str) -> rusqlite::Result<Vec<Mark>> {
    connection
        .prepare_cached(
            "SELECT id, replay_requested_at FROM host_dead_letters \
             WHERE subscriber = ?1 AND replay_requested_at IS NOT NULL ORDER BY id LIMIT ?2",
        )?
        .query_map(params![subscriber, MARKS_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The dead letter as an event that was never tried.
fn read(connection: &Connection, id: i64) -> rusqlite::Result<Pending> {
    connection
        .prepare_cached("SELECT event_id, event_type, key, body, topic FROM host_dead_letters WHERE id = ?1")?
        .query_row([id], |row| {
            let key: String = row.get(2)?;
            let entry = LogEntry {
                position: 0,
                partition: partition_of(&key),
                id: Uuid::from_bytes(row.get(0)?),
                event_type: row.get(1)?,
                key,
                body: row.get(3)?,
            };
            let origin = Origin::DeadLetter(id);
            Ok(Pending {
                entry: Arc::new(entry),
                topic: row.get(4)?,
                origin,
                failures: 0,
                first_failed_at: 0,
            })
        })
}
