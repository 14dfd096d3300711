//! What leaves the log: events that are old and that every subscriber is past.

use std::time::Duration;

use dayloom_ports::{ComponentId, StorageError, Subscription};
use rusqlite::{Connection, params};

use crate::queue::Queue;
use crate::time::now_ms;

/// Between two trims. Short beside the retention, long beside the work.
const TRIM_INTERVAL: Duration = Duration::from_secs(60);

/// Rows deleted in one transaction: a few milliseconds of the writer.
const TRIM_ROWS_MAX: usize = 500;

/// Trims for ever, at once and then regularly.
pub(super) async fn trim_now_and_then(queue: &Queue, subscriptions: &[Subscription], retention: Duration) {
    loop {
        match trim_log(queue, subscriptions, retention).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old events were deleted"),
            Err(error) => tracing::warn!(%error, "the event log was not trimmed"),
        }
        tokio::time::sleep(TRIM_INTERVAL).await;
    }
}

/// Deletes what may go; returns how many events that were.
///
/// A subscriber that is no longer configured keeps its cursor, and holds the log back, for the length of the retention.
pub(crate) async fn trim_log(
    queue: &Queue,
    subscriptions: &[Subscription],
    retention: Duration,
) -> Result<usize, StorageError> {
    let cutoff = now_ms()
        .saturating_sub(u64::try_from(retention.as_millis()).unwrap_or(u64::MAX))
        .cast_signed();
    let active: Vec<ComponentId> = subscriptions
        .iter()
        .map(|subscription| subscription.component.clone())
        .collect();
    queue
        .host(move |connection| keep_cursors(connection, &active, cutoff))
        .await?;
    let mut deleted = 0;
    loop {
        let events = queue.host(move |connection| delete(connection, cutoff)).await?;
        deleted += events;
        if events < TRIM_ROWS_MAX {
            return Ok(deleted);
        }
    }
}

fn keep_cursors(connection: &Connection, active: &[ComponentId], cutoff: i64) -> rusqlite::Result<usize> {
    let mut touch = connection.prepare_cached("UPDATE host_cursors SET active_at = ?2 WHERE subscriber = ?1")?;
    for subscriber in active {
        touch.execute(params![&**subscriber, now_ms().cast_signed()])?;
    }
    connection.execute("DELETE FROM host_cursors WHERE active_at < ?1", [cutoff])
}

fn delete(connection: &Connection, cutoff: i64) -> rusqlite::Result<usize> {
    // The newest row stays, because positions go on from it. Rows are about as old as their positions say, so it is
    // enough to look at the first ones.
    connection
        .prepare_cached(
            "DELETE FROM host_log WHERE position IN ( \
                 SELECT position FROM host_log \
                 WHERE position <= coalesce((SELECT min(position) FROM host_cursors), 9223372036854775807) \
                 AND position < (SELECT max(position) FROM host_log) \
                 ORDER BY position LIMIT ?1) \
             AND committed_at <= ?2",
        )?
        .execute(params![i64::try_from(TRIM_ROWS_MAX).unwrap_or(i64::MAX), cutoff])
}
