//! Live messages in the database, where no Redis is. Read by polling: fine for the few connections of one host.

use std::thread;
use std::time::Duration;

use dayloom_spin_kit::{Database, Dialect, Row, Value};

use super::log::{Log, Message, Next};
use super::position::Position;

/// Rows read at once: at most 4 MiB of messages.
const READ_ROWS_MAX: usize = 16;
/// Time between two looks: what a user notices as immediate.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Milliseconds for which a row may become visible after one of a higher position on PostgreSQL, where positions are given
/// before the commit. Rows younger than this are read again, and those that were sent are known.
const SETTLED_AFTER_MS: i64 = 2_000;

/// The table `host_live`.
pub(super) struct TableLog {
    database: Database,
    epoch: Option<u64>,
    /// Positions after the last settled one that were handed out already.
    sent: Vec<u64>,
}

impl TableLog {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            epoch: None,
            sent: vec![],
        }
    }

    fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
        self.database.query(sql, params).map_err(|error| error.to_string())
    }

    /// When the database was made: a database that was made anew is another log.
    fn epoch(&mut self) -> Result<u64, String> {
        if let Some(epoch) = self.epoch {
            return Ok(epoch);
        }
        let made_at = match self.database.dialect() {
            Dialect::Sqlite => "MIN(applied_at)",
            Dialect::Postgres => "(extract(epoch FROM MIN(applied_at)) * 1000)::bigint",
        };
        let rows = self.query(&format!("SELECT {made_at} FROM host_migrations"), &[])?;
        let epoch = first_integer(rows)?.unwrap_or_default();
        self.epoch = Some(epoch);
        Ok(epoch)
    }

    fn bound(&self, function: &str) -> Result<Option<u64>, String> {
        first_integer(self.query(&format!("SELECT {function}(position) FROM host_live"), &[])?)
    }
}

fn first_integer(rows: Vec<Row>) -> Result<Option<u64>, String> {
    match rows.into_iter().next().and_then(|row| row.into_iter().next()) {
        Some(Value::Integer(integer)) => Ok(Some(integer.cast_unsigned())),
        Some(Value::Null) | None => Ok(None),
        Some(other) => Err(format!("expected an integer, found {other:?}")),
    }
}

impl Log for TableLog {
    fn newest(&mut self) -> Result<Position, String> {
        let epoch = self.epoch()?;
        self.sent.clear();
        let number = self.bound("MAX")?.unwrap_or_default();
        Ok(Position { epoch, number })
    }

    /// Nothing before a position is gone as long as a row at it or before it is there, for the oldest go first.
    fn after(&mut self, position: Position, user_id: &str) -> Result<Next, String> {
        let epoch = self.epoch()?;
        let oldest = self.bound("MIN")?;
        let is_whole = match oldest {
            Some(oldest) => oldest <= position.number.saturating_add(1),
            // All are gone, maybe some that were not seen.
            None => position.number == 0,
        };
        if epoch != position.epoch || !is_whole {
            return Ok(Next::Gone(self.newest()?));
        }
        let now = self.database.dialect().now_ms();
        let sql = format!(
            "SELECT position, body, CASE WHEN sent_at < {now} - {SETTLED_AFTER_MS} THEN 1 ELSE 0 END FROM host_live \
             WHERE user_id = $1 AND position > $2 ORDER BY position LIMIT {}",
            READ_ROWS_MAX + self.sent.len()
        );
        let number = i64::try_from(position.number).unwrap_or(i64::MAX);
        let rows = self.query(&sql, &[Value::Text(user_id.to_owned()), Value::Integer(number)])?;
        let (mut messages, mut reached, mut is_settled) = (vec![], position, true);
        for row in rows {
            let [Value::Integer(number), Value::Text(body), Value::Integer(settled)] = &row[..] else {
                return Err("a row of host_live is not as expected".to_owned());
            };
            let number = number.cast_unsigned();
            // SQLite gives positions inside its one writer's transaction, so they become visible in order.
            is_settled &= *settled == 1 || self.database.dialect() == Dialect::Sqlite;
            if !self.sent.contains(&number) {
                messages.push(Message { number, body: body.clone() });
            }
            if is_settled {
                reached.number = number;
                self.sent.retain(|sent| *sent > number);
            } else if !self.sent.contains(&number) {
                self.sent.push(number);
            }
        }
        Ok(Next::Messages { messages, reached })
    }

    fn wait(&mut self, _: Position, wait: Duration) -> Result<(), String> {
        thread::sleep(LOOK_EVERY.min(wait));
        Ok(())
    }
}
