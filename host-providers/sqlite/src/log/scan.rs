use std::sync::Arc;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{LogEntry, Slice};

/// Rows looked at in one scan: a few milliseconds, whether or not they are wanted.
const SCAN_ROWS_MAX: i64 = 4_096;

/// Reads on from `after` in one partition: entries that `wanted` (by type), until there are `entries_max` of them or
/// they exceed `bytes_max`, or enough rows were looked at.
pub(crate) fn scan(
    connection: &Connection,
    partition: u8,
    after: u64,
    entries_max: usize,
    bytes_max: usize,
    wanted: impl Fn(&str) -> bool,
) -> rusqlite::Result<Slice> {
    let mut statement = connection.prepare_cached(
        "SELECT position, partition, event_type, event_id, key, body FROM host_log \
         WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let mut slice = Slice {
        entries: Vec::new(),
        scanned: after,
    };
    let mut bytes = 0;
    let mut rows = statement.query(params![after.cast_signed(), SCAN_ROWS_MAX])?;
    while let Some(row) = rows.next()? {
        let position = row.get::<_, i64>(0)?.cast_unsigned();
        if row.get::<_, u8>(1)? == partition && wanted(row.get_ref(2)?.as_str()?) {
            let entry = LogEntry {
                position,
                partition,
                event_type: row.get(2)?,
                id: Uuid::from_bytes(row.get(3)?),
                key: row.get(4)?,
                body: row.get(5)?,
            };
            bytes += entry.body.len();
            slice.entries.push(Arc::new(entry));
        }
        slice.scanned = position;
        if slice.entries.len() >= entries_max || bytes >= bytes_max {
            break;
        }
    }
    Ok(slice)
}

/// The position before the oldest event that is still there; where a new subscriber begins.
pub(crate) fn first_position(connection: &Connection) -> rusqlite::Result<u64> {
    let position: Option<i64> = connection.query_row("SELECT min(position) FROM host_log", [], |row| row.get(0))?;
    Ok(position.unwrap_or(1).cast_unsigned() - 1)
}
