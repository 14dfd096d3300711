use dayloom_kit::storage::{Commit, statement};

/// How long a key is honoured at least. A client that still repeats after a day has forgotten what it asked for.
const RETENTION_MS: u64 = 24 * 3_600 * 1_000;
/// Keys in one commit: a few milliseconds of the writer, so that nobody waits for it.
const CHUNK_ROWS: u64 = 1_000;
/// Commits of one tick; the next one goes on. Enough for 300 keys a second, day and night.
const CHUNKS_MAX: u32 = 200;

/// Deletes idempotency keys that were used more than [`RETENTION_MS`] before `at` (milliseconds since the Unix epoch).
pub(crate) fn forget(at: u64) -> Result<(), String> {
    let before = i64::try_from(at.saturating_sub(RETENTION_MS)).map_err(|error| error.to_string())?;
    for _ in 0..CHUNKS_MAX {
        let sql = "DELETE FROM idempotency_keys WHERE (user_id, idempotency_key) IN \
            (SELECT user_id, idempotency_key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
        let mut commit = Commit::default();
        commit.push(statement(sql, vec![before.into(), (CHUNK_ROWS as i64).into()]));
        let changed = commit.apply().map_err(|error| error.to_string())?;
        if changed.iter().sum::<u64>() < CHUNK_ROWS {
            break;
        }
    }
    Ok(())
}
