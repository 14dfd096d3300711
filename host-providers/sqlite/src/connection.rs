use std::path::Path;
use std::time::Duration;

use dayloom_ports::limits::{QUERY_BYTES_MAX, STATEMENT_PARAMS_MAX};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

/// How long a connection waits for another process that holds the write lock (the command line marks dead letters) or
/// for recovery after a crash.
const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);

/// Bytes of one SQL text: ten times the longest statement a person would write.
const SQL_BYTES_MAX: i32 = 64 * 1024;

/// Page cache of the writing connection in KiB: the upper levels of every index of a database of a few gigabytes.
const WRITER_CACHE_KIB: i32 = 16 * 1024;

/// Page cache of one reading connection in KiB. Small, because the system's page cache stands behind it.
const READER_CACHE_KIB: i32 = 2 * 1024;

/// Bytes the write-ahead log file is cut back to when it was larger (a long reader held the copying up).
const WAL_FILE_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// Prepared statements each connection keeps, of about 10 KiB: several times what an application has texts.
const STATEMENTS_CACHED: usize = 256;

/// The one connection that writes.
pub(crate) fn open_writer(path: &Path, size_bytes_max: Option<u64>) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", WAL_FILE_BYTES_MAX)?;
    if let Some(bytes) = size_bytes_max {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        connection.pragma_update(
            None,
            "max_page_count",
            i64::try_from(bytes.div_ceil(page.cast_unsigned())).unwrap_or(i64::MAX),
        )?;
    }
    Ok(connection)
}

/// One of the connections that only read.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// A connection of another process, beside a running host. Fails if there is no database.
pub(crate) fn open_beside(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn open(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_WAIT_MAX)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

/// Narrows what SQL of components can make SQLite allocate. Not for maintenance, which attaches files.
pub(crate) fn narrow(connection: &Connection) -> rusqlite::Result<()> {
    let bound = |limit: usize| i32::try_from(limit).unwrap_or(i32::MAX);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, bound(QUERY_BYTES_MAX))?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER, bound(STATEMENT_PARAMS_MAX))?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    Ok(())
}
