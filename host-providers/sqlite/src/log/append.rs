use rusqlite::{CachedStatement, Connection, params};

use super::NewEvent;

/// The statement of [`insert_event`].
pub(crate) const INSERT_EVENT: &str = "INSERT INTO host_log (position, partition, committed_at, event_id, event_type, key, body) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Appends one event; a violated uniqueness means its id is in the log already.
pub(crate) fn insert_event(
    statement: &mut CachedStatement<'_>,
    position: u64,
    committed_at: u64,
    event: &NewEvent,
) -> rusqlite::Result<()> {
    statement.execute(params![
        position.cast_signed(),
        event.partition,
        committed_at.cast_signed(),
        event.id.as_bytes(),
        event.event_type,
        event.key,
        event.body,
    ])?;
    Ok(())
}

/// The highest position ever given; 0 before the first event. Holds because the newest row is never deleted.
pub(crate) fn last_position(connection: &Connection) -> rusqlite::Result<u64> {
    let position: Option<i64> = connection.query_row("SELECT max(position) FROM host_log", [], |row| row.get(0))?;
    Ok(position.unwrap_or(0).cast_unsigned())
}
