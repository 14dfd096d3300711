//! Live messages in the database, where no Redis is. Read by polling: fine for the few connections of one host.

use std::thread;
use std::time::Duration;

use dayloom_ports::live::Position;
use dayloom_spin_kit::{Database, Dialect, Row, Value};

use super::log::{Log, Message, Next};

/// Rows read at once: at most 4 MiB of messages.
const READ_ROWS_MAX: usize = 16;
/// Time between two looks: what a user notices as immediate.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The table `host_live`. It has one writer at a time, so positions become visible in order.
pub(super) struct TableLog {
    database: Database,
    epoch: Option<u64>,
}

impl TableLog {
    pub(super) fn new(database: Database) -> Self {
        Self { database, epoch: None }
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
        let [made_at] = optional_integers(rows)?;
        let epoch = made_at.unwrap_or_default();
        self.epoch = Some(epoch);
        Ok(epoch)
    }

    /// The oldest and the newest position.
    fn bounds(&self) -> Result<[Option<u64>; 2], String> {
        // Two subqueries, each answered from the index; both functions in one select list would read the table.
        let sql = "SELECT (SELECT MIN(position) FROM host_live), (SELECT MAX(position) FROM host_live)";
        optional_integers(self.query(sql, &[])?)
    }
}

/// The cells of the first row.
fn optional_integers<const N: usize>(rows: Vec<Row>) -> Result<[Option<u64>; N], String> {
    let cells = rows.into_iter().next().unwrap_or_default().into_iter();
    let integer = |cell| match cell {
        Value::Integer(integer) => Ok(Some(integer.cast_unsigned())),
        Value::Null => Ok(None),
        other => Err(format!("expected an integer, found {other:?}")),
    };
    let cells: Vec<Option<u64>> = cells.map(integer).collect::<Result<_, _>>()?;
    cells
        .try_into()
        .map_err(|_| "a row has another number of cells".to_owned())
}

impl Log for TableLog {
    fn newest(&mut self) -> Result<Position, String> {
        let [_, newest] = self.bounds()?;
        Ok(Position {
            epoch: self.epoch()?,
            number: newest.unwrap_or_default(),
        })
    }

    fn after(&mut self, position: Position, user_id: &str) -> Result<Next, String> {
        let [oldest, newest] = self.bounds()?;
        // The oldest go first and the newest one stays, so nothing after a position is gone while its row or one before it,
        // or the one right after it, is there.
        let is_whole = match (oldest, newest) {
            (Some(oldest), Some(newest)) => oldest <= position.number.saturating_add(1) && position.number <= newest,
            _ => position.number == 0,
        };
        if self.epoch()? != position.epoch || !is_whole {
            return Ok(Next::Gone(self.newest()?));
        }
        let sql = format!(
            "SELECT position, body FROM host_live WHERE user_id = $1 AND position > $2 ORDER BY position LIMIT {READ_ROWS_MAX}"
        );
        let number = i64::try_from(position.number).unwrap_or(i64::MAX);
        let rows = self.query(&sql, &[Value::Text(user_id.to_owned()), Value::Integer(number)])?;
        let message = |row: Row| match &row[..] {
            [Value::Integer(number), Value::Text(body)] => Ok(Message {
                number: number.cast_unsigned(),
                body: body.clone(),
            }),
            _ => Err("a row of host_live is not as expected".to_owned()),
        };
        let messages: Vec<Message> = rows.into_iter().map(message).collect::<Result<_, _>>()?;
        // Nothing for the user up to where the log was when it was measured.
        let looked_at = newest.unwrap_or_default().max(position.number);
        let reached = match messages.last() {
            Some(last) => last.number,
            None => looked_at,
        };
        Ok(Next::Messages {
            messages,
            reached: Position {
                number: reached,
                ..position
            },
        })
    }

    fn wait(&mut self, _: Position, wait: Duration) -> Result<(), String> {
        thread::sleep(LOOK_EVERY.min(wait));
        Ok(())
    }
}
