//! The regular sweep: sessions that have ended go, and signing keys take turns.

use dayloom_kit::storage::{Commit, StorageError, Value, statement};

use crate::key_encryption::KeyEncryption;
use crate::key_plan::{self, KeyDates, Plan};
use crate::key_ring::{self, KeyRingError};

/// Sessions deleted in one commit at most, so that nobody's sign-in waits long for it.
const CHUNK_ROWS_MAX: i64 = 500;
/// Chunks of one tick at most: with a tick every five minutes, 288,000 sessions an hour.
const CHUNKS_MAX: usize = 48;

/// Does what is due. Harmless beside the same tick of another replica: ended sessions are ended, and a key's generation can
/// only be made once.
pub(crate) fn run(now_ms: i64) -> Result<(), String> {
    // Neither waits for the other to work.
    let sessions = delete_ended_sessions(now_ms).map_err(|error| format!("ended sessions: {error}"));
    let keys = rotate_keys(now_ms).map_err(|error| format!("signing keys: {error}"));
    match (sessions, keys) {
        (Err(sessions), Err(keys)) => Err(format!("{sessions}; {keys}")),
        (sessions, keys) => sessions.and(keys),
    }
}

/// Their tokens have ended with them, so there is nothing to revoke.
fn delete_ended_sessions(now_ms: i64) -> Result<(), StorageError> {
    let full_chunk = CHUNK_ROWS_MAX.unsigned_abs();
    for _ in 0..CHUNKS_MAX {
        let mut commit = Commit::default();
        commit.push(statement(
            "DELETE FROM sessions WHERE id IN \
             (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
            vec![now_ms.into(), Value::from(CHUNK_ROWS_MAX)],
        ));
        if commit.apply()?.iter().sum::<u64>() < full_chunk {
            break;
        }
    }
    Ok(())
}

fn rotate_keys(now_ms: i64) -> Result<(), KeyRingError> {
    let dates: Vec<KeyDates> = key_ring::all()?.into_iter().map(|key| key.dates).collect();
    let Plan { make, delete } = key_plan::plan(&dates, now_ms);
    if !delete.is_empty() {
        let mut commit = Commit::default();
        for id in &delete {
            commit.push(statement(
                "DELETE FROM signing_keys WHERE id = $1",
                vec![id.as_str().into()],
            ));
        }
        commit.apply()?;
    }
    let Some((generation, signs_from)) = make else {
        return Ok(());
    };
    let encryption = KeyEncryption::of_deployment()?;
    let (_, insert) = key_ring::make(&encryption, generation, now_ms, signs_from);
    let mut commit = Commit::default();
    commit.push(insert);
    match commit.apply() {
        // Another replica made it in the same moment.
        Ok(_) | Err(StorageError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
