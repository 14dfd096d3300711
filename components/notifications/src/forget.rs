//! Forgetting what nobody will ask for again.

use dayloom_domain::Timestamp;
use dayloom_kit::consume::{self, INBOX_RETENTION_MS};
use dayloom_kit::storage::{Commit, StorageError, Value, statement};

use crate::hear::INBOX;

/// How long a timer that fired or was cancelled is kept: longer than any event about it can still come.
const TIMER_RETENTION_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// Chunks deleted from a table in one tick at most: what is left goes with the next.
const CHUNKS_MAX: usize = 100;
/// Rows of a chunk: few enough that a writer behind it waits for milliseconds.
const CHUNK_ROWS: u64 = 1_000;

const TIMERS: &str = "DELETE FROM reminder_timers WHERE reminder_id IN (SELECT reminder_id FROM reminder_timers \
    WHERE state <> 'pending' AND changed_at < $1 ORDER BY changed_at LIMIT $2)";
const TASKS: &str = "DELETE FROM reminder_tasks WHERE task_id IN (SELECT task_id FROM reminder_tasks \
    WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";

/// Deletes settled timers, closed tasks and inbox rows that are past their time.
pub(crate) fn forget() -> Result<(), StorageError> {
    let now = dayloom_kit::now();
    in_chunks(TIMERS, now.plus_ms(-TIMER_RETENTION_MS))?;
    in_chunks(TASKS, now.plus_ms(-INBOX_RETENTION_MS))?;
    let mut commit = Commit::default();
    commit.push(consume::forget(INBOX));
    commit.apply()?;
    Ok(())
}

fn in_chunks(sql: &'static str, before: Timestamp) -> Result<(), StorageError> {
    for _ in 0..CHUNKS_MAX {
        let mut commit = Commit::default();
        commit.push(statement(
            sql,
            vec![Value::from(before.as_ms()), Value::from(CHUNK_ROWS as i64)],
        ));
        if commit.apply()?.iter().sum::<u64>() < CHUNK_ROWS {
            break;
        }
    }
    Ok(())
}
