use std::path::Path;

use dayloom_ports::Replay;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::connection::open_beside;
use crate::data_dir::database_path;
use crate::time::now_ms;

/// Why the dead letters could not be read or marked.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// There is no database in the directory.
    #[error("there is no database at {0}")]
    Missing(std::path::PathBuf),
    /// SQLite's answer.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

/// An event that a subscriber could not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number in this database.
    pub id: i64,
    /// Who could not take it.
    pub subscriber: String,
    /// CloudEvents `id`.
    pub event_id: String,
    /// CloudEvents `type`.
    pub event_type: String,
    /// The topic it came by.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// The reason of the last attempt, at most 1 KiB.
    pub reason: String,
    /// Attempts in all, replays included.
    pub attempts: u32,
    /// When the first attempt failed, in milliseconds since the Unix epoch, UTC.
    pub first_failed_at: u64,
    /// When the last attempt failed, in milliseconds since the Unix epoch, UTC.
    pub last_failed_at: u64,
    /// Since when a replay is asked for and not yet done, in milliseconds since the Unix epoch, UTC.
    pub replay_requested_at: Option<u64>,
}

/// The dead letters of a data directory, for the command line: works whether or not a host is running there.
pub struct DeadLetters {
    connection: Connection,
}

impl DeadLetters {
    /// Opens the database of `data_dir`, which a host has made.
    ///
    /// # Errors
    /// [`DeadLetterError::Missing`] if no host ever ran there.
    pub fn open(data_dir: &Path) -> Result<Self, DeadLetterError> {
        let path = database_path(data_dir);
        if !path.exists() {
            return Err(DeadLetterError::Missing(path));
        }
        Ok(Self {
            connection: open_beside(&path)?,
        })
    }

    /// Up to `limit` dead letters with numbers above `after`, in order of their numbers; of one subscriber, if given.
    ///
    /// # Errors
    /// If the database can not be read.
    pub fn list(&self, subscriber: Option<&str>, after: i64, limit: u32) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let letters = self
            .connection
            .prepare(&format!(
                "SELECT {COLUMNS} FROM host_dead_letters \
                 WHERE id > ?1 AND (?2 IS NULL OR subscriber = ?2) ORDER BY id LIMIT ?3"
            ))?
            .query_map(params![after, subscriber, limit], dead_letter)?
            .collect::<Result<_, _>>()?;
        Ok(letters)
    }

    /// One dead letter and its body, CloudEvents JSON; none if there is no such number.
    ///
    /// # Errors
    /// If the database can not be read.
    pub fn show(&self, id: i64) -> Result<Option<(DeadLetter, String)>, DeadLetterError> {
        let sql = format!("SELECT {COLUMNS}, body FROM host_dead_letters WHERE id = ?1");
        let found = self
            .connection
            .query_row(&sql, [id], |row| Ok((dead_letter(row)?, row.get("body")?)));
        Ok(found.optional()?)
    }

    /// Asks for deliveries, with attempts counted from the start; returns how many were newly asked for.
    ///
    /// A running host delivers them within about a second, another when it starts. A dead letter goes away once its
    /// event is done; otherwise it stays, with the new reason.
    ///
    /// # Errors
    /// If the database can not be written within a few seconds.
    pub fn replay(&self, which: &Replay) -> Result<usize, DeadLetterError> {
        let mark = "UPDATE host_dead_letters SET replay_requested_at = ?1 WHERE replay_requested_at IS NULL AND ";
        let now = now_ms().cast_signed();
        let marked = match which {
            Replay::One(id) => self.connection.execute(&format!("{mark} id = ?2"), params![now, id]),
            Replay::AllOf(name) => self
                .connection
                .execute(&format!("{mark} subscriber = ?2"), params![now, name]),
        };
        Ok(marked?)
    }
}

const COLUMNS: &str = "id, subscriber, event_id, event_type, topic, key, reason, attempts, first_failed_at, \
                       last_failed_at, replay_requested_at";

fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get("id")?,
        subscriber: row.get("subscriber")?,
        event_id: Uuid::from_bytes(row.get("event_id")?).to_string(),
        event_type: row.get("event_type")?,
        topic: row.get("topic")?,
        key: row.get("key")?,
        reason: row.get("reason")?,
        attempts: row.get("attempts")?,
        first_failed_at: row.get::<_, i64>("first_failed_at")?.cast_unsigned(),
        last_failed_at: row.get::<_, i64>("last_failed_at")?.cast_unsigned(),
        replay_requested_at: row
            .get::<_, Option<i64>>("replay_requested_at")?
            .map(i64::cast_unsigned),
    })
}
