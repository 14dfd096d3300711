use std::path::Path;

use rusqlite::{Connection, OpenFlags, types::Value};

/// A look into the tables past the application, of a stopped host or beside a running one: an independent witness.
#[derive(Debug)]
pub struct Database(Connection);

impl Database {
    /// Opens the database of a data directory.
    pub fn open(data: &Path) -> Self {
        Self::open_file(&data.join("dayloom.db"))
    }

    /// Opens the database in this file.
    pub fn open_file(file: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self(Connection::open_with_flags(file, flags).expect("the database opens"))
    }

    /// Rows of a query as text cells; NULL is the empty text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let mut statement = self.0.prepare(sql).expect("the query is valid");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|n| row.get::<_, Value>(n).map(text)).collect()
        });
        rows.expect("the query runs")
            .collect::<Result<_, _>>()
            .expect("rows can be read")
    }

    /// One number.
    pub fn count(&self, sql: &str) -> i64 {
        self.0.query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    /// Deliveries that are still owed: events behind which a subscriber's cursor lies, once for each. A running host writes
    /// its cursors down every 100 ms; a subscriber that has none yet is owed everything.
    pub fn owed(&self) -> i64 {
        self.count(
            "SELECT count(*) FROM (VALUES ('audit'), ('recurrence'), ('notifications'), ('realtime')) s \
             JOIN host_log l LEFT JOIN host_cursors c ON c.subscriber = s.column1 AND c.partition = l.partition \
             WHERE l.position > coalesce(c.position, 0)",
        )
    }

    /// Changes something behind the application's back.
    pub fn execute(&self, sql: &str) -> usize {
        self.0.execute(sql, []).expect("the statement runs")
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => n.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
