//! Where each lane is, written down behind it.
//!
//! A cursor that was not written down costs a repeated delivery after a crash and nothing else, so lanes only note it
//! here, and one write in ten a second carries all of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dayloom_ports::{ComponentId, StorageError, Subscription};
use rusqlite::{Connection, params};

use crate::log::{PARTITIONS, first_position};
use crate::queue::Queue;
use crate::readers::Readers;
use crate::time::now_ms;

/// Between two writes. What a crash repeats is what was handled in this time.
const FLUSH_INTERVAL: Duration = Duration::from_millis(100);

/// A lane: subscriber and partition.
pub(super) type LaneId = (ComponentId, u8);

#[derive(Default)]
pub(super) struct Cursors {
    dirty: Mutex<HashMap<LaneId, u64>>,
}

impl Cursors {
    /// Notes that everything of the lane up to `position` is settled.
    pub(super) fn note(&self, lane: &LaneId, position: u64) {
        self.lock().insert(lane.clone(), position);
    }

    /// Writes down what was noted since the last time.
    pub(super) async fn flush(&self, queue: &Queue) -> Result<(), StorageError> {
        let noted = std::mem::take(&mut *self.lock());
        if noted.is_empty() {
            return Ok(());
        }
        let written = noted.clone();
        let write = move |connection: &Connection| {
            written
                .iter()
                .try_for_each(|(lane, position)| advance(connection, lane, *position))
                .map(|()| written.len())
        };
        let result = queue.host(write).await;
        if result.is_err() {
            let mut dirty = self.lock();
            for (lane, position) in noted {
                dirty.entry(lane).or_insert(position);
            }
        }
        result.map(drop)
    }

    /// Flushes for ever.
    pub(super) async fn flush_now_and_then(&self, queue: &Queue) {
        loop {
            tokio::time::sleep(FLUSH_INTERVAL).await;
            if let Err(error) = self.flush(queue).await {
                tracing::warn!(%error, "the subscribers' progress was not written down");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LaneId, u64>> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves a stored cursor, never back.
pub(super) fn advance(
    connection: &Connection,
    (subscriber, partition): &LaneId,
    position: u64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE host_cursors SET position = max(position, ?3) WHERE subscriber = ?1 AND partition = ?2",
        )?
        .execute(params![&**subscriber, partition, position.cast_signed()])?;
    Ok(())
}

/// Deliveries that are still owed to the subscribers, by what is written down.
pub(crate) async fn undelivered(readers: &Readers, subscriptions: &[Subscription]) -> Result<u64, StorageError> {
    let subscribers: Vec<ComponentId> = subscriptions
        .iter()
        .map(|subscription| subscription.component.clone())
        .collect();
    let read = move |connection: &Connection| {
        // Who has no cursor yet has had nothing.
        let mut statement = connection.prepare(
            "SELECT count(*) FROM host_log l LEFT JOIN host_cursors c ON c.subscriber = ?1 AND c.partition = l.partition \
             WHERE l.position > coalesce(c.position, 0)",
        )?;
        subscribers
            .iter()
            .map(|subscriber| statement.query_row([&**subscriber], |row| row.get::<_, i64>(0)))
            .sum::<rusqlite::Result<i64>>()
    };
    readers.host(read).await.map(i64::cast_unsigned)
}

/// Gives every new subscriber cursors before the oldest event, and returns everybody's.
pub(super) async fn register(
    queue: &Queue,
    readers: &Readers,
    subscriptions: &[Subscription],
) -> Result<HashMap<LaneId, u64>, StorageError> {
    let subscribers: Vec<ComponentId> = subscriptions
        .iter()
        .map(|subscription| subscription.component.clone())
        .collect();
    let names = subscribers.clone();
    let write = move |connection: &Connection| {
        let first = first_position(connection)?;
        for (subscriber, partition) in names.iter().flat_map(|name| (0..PARTITIONS).map(move |p| (name, p))) {
            connection.execute(
                "INSERT INTO host_cursors (subscriber, partition, position, active_at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (subscriber, partition) DO UPDATE SET active_at = excluded.active_at",
                params![&**subscriber, partition, first.cast_signed(), now_ms().cast_signed()],
            )?;
        }
        Ok(0)
    };
    queue.host(write).await?;
    let read = move |connection: &Connection| {
        let mut statement = connection.prepare("SELECT partition, position FROM host_cursors WHERE subscriber = ?1")?;
        let mut positions = HashMap::new();
        for subscriber in subscribers {
            let mut rows = statement.query([&*subscriber])?;
            while let Some(row) = rows.next()? {
                positions.insert((subscriber.clone(), row.get(0)?), row.get::<_, i64>(1)?.cast_unsigned());
            }
        }
        Ok(positions)
    };
    readers.host(read).await
}
