use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use rusqlite::Connection;
use rusqlite::hooks::Wal;

/// Pages of 4 KiB in the write-ahead log before they are copied into the database: 16 MiB. Longer makes one copy of a page
/// serve more commits; shorter keeps the pause, readers' look-ups and recovery short.
const WAL_PAGES_MAX: i32 = 4_000;

/// When the write-ahead log is copied into the database.
///
/// SQLite would do it inside the commit that fills the log; here it is done after that commit's callers have their answer.
pub(crate) struct Checkpoints {
    wal_pages: Arc<AtomicI32>,
}

impl Checkpoints {
    /// Takes the task over from SQLite, for the writing connection.
    pub(crate) fn take_over(connection: &mut Connection) -> rusqlite::Result<Self> {
        let wal_pages = Arc::new(AtomicI32::new(0));
        let noted = wal_pages.clone();
        // Replaces SQLite's own automatic checkpoint, which is such a hook too.
        connection.wal_hook(Some(move |_: &mut Wal, pages| {
            noted.store(pages, Relaxed);
            Ok(())
        }))?;
        Ok(Self { wal_pages })
    }

    /// Copies what no reader holds back, if the log is long enough.
    pub(crate) fn run_if_due(&self, connection: &Connection) {
        if self.wal_pages.load(Relaxed) < WAL_PAGES_MAX {
            return;
        }
        // Commits are durable without it, so a failure costs nothing but a longer log; the next commit tries again.
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the write-ahead log could not be copied into the database");
        }
    }
}
