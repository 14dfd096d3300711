//! Events on their way to subscribers of the same application, where no broker is.
//!
//! Each subscriber has its own rows and its own progress. Of a key's rows only those are fetched before which none waits for
//! another attempt; other keys go on.

use crate::cells::Cells;
use crate::leases::{Holder, LEASE_MS, is_free, list};
use crate::outbox::statement;
use crate::{Database, Error, Row, Statement, Value};

/// Milliseconds that a row waits at most for its next attempt.
///
/// One that should wait for longer was put off before the clock was set back, and does not wait.
pub const AGAIN_MS_MAX: i64 = 10_000;

/// Bytes of keys and bodies in one batch, but for its last row: well within what an ingress reads.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One event for one subscriber.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The key's shard.
    pub shard: i64,
    /// Its place among all rows.
    pub position: i64,
    /// Attempts that failed so far.
    pub failures: u32,
    /// CloudEvents `type`.
    pub event_type: String,
    /// The topic it came by.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// CloudEvents structured JSON.
    pub body: String,
}

/// Shards of one subscriber that have something to deliver and are free.
#[derive(Debug, Clone, PartialEq)]
pub struct Lanes {
    /// The subscriber.
    pub subscriber: String,
    /// The shards, ascending.
    pub shards: Vec<i64>,
}

/// Lanes that are held, and the oldest of their rows, in order.
#[derive(Debug)]
pub struct Batch {
    holder: Holder,
    /// The subscriber.
    pub subscriber: String,
    shards: Vec<i64>,
    /// What is to be delivered.
    pub rows: Vec<Delivery>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It was handled, or nobody wants it any more.
    Done,
    /// It comes again, behind an earlier one of its key that comes again.
    Held,
    /// It comes again.
    Again {
        /// In so many milliseconds.
        after_ms: i64,
    },
    /// It is a dead letter.
    Dead {
        /// Why.
        reason: String,
    },
}

/// The lanes of these subscribers that are worth claiming.
///
/// # Errors
/// The database can not be asked.
pub fn free_lanes(database: &Database, subscribers: &[&str]) -> Result<Vec<Lanes>, Error> {
    if subscribers.is_empty() {
        return Ok(vec![]);
    }
    let dialect = database.dialect();
    let (free, now) = (is_free("l", dialect), dialect.now_ms());
    let names = (1..=subscribers.len()).map(|number| format!("SELECT CAST(${number} AS text) AS subscriber"));
    let names = names.collect::<Vec<_>>().join(" UNION ALL ");
    let sql = format!(
        "SELECT n.subscriber, s.shard FROM ({names}) n CROSS JOIN host_shards s \
         WHERE EXISTS (SELECT 1 FROM host_deliveries d WHERE d.subscriber = n.subscriber AND d.shard = s.shard AND {}) \
           AND NOT EXISTS (SELECT 1 FROM host_delivery_leases l \
               WHERE l.subscriber = n.subscriber AND l.shard = s.shard AND NOT {free}) \
         ORDER BY n.subscriber, s.shard",
        is_due(now)
    );
    let params: Vec<Value> = subscribers.iter().map(|&name| Value::Text(name.to_owned())).collect();
    let mut lanes: Vec<Lanes> = vec![];
    for row in database.query(&sql, &params)? {
        let mut cells = Cells::of(row);
        let (subscriber, shard) = (cells.text()?, cells.integer()?);
        match lanes.last_mut() {
            Some(last) if last.subscriber == subscriber => last.shards.push(shard),
            _ => lanes.push(Lanes {
                subscriber,
                shards: vec![shard],
            }),
        }
    }
    Ok(lanes)
}

/// Whether the delivery called `d` may be made now: no row of its key waits, itself included. Who waits is the first of its
/// key, for the later ones are held with it.
fn is_due(now: &str) -> String {
    let latest = format!("{now} + {AGAIN_MS_MAX}");
    format!(
        "NOT EXISTS (SELECT 1 FROM host_deliveries w WHERE w.subscriber = d.subscriber AND w.shard = d.shard \
         AND w.key = d.key AND w.not_before > 0 AND w.not_before > {now} AND w.not_before <= {latest})"
    )
}

/// Takes the leases of the lanes that are still free, and reads their oldest rows, at most `rows_max` for a subscriber.
///
/// One commit for all subscribers. If the process dies after this, the rows stay where they are and the leases run out.
///
/// # Errors
/// The database can not be asked.
pub fn claim(database: &Database, lanes: &[Lanes], rows_max: impl Fn(&str) -> usize) -> Result<Vec<Batch>, Error> {
    let holder = Holder::new();
    let mut statements = vec![];
    for lanes in lanes {
        statements.push(take(database, &holder, lanes));
        statements.push(fetch(database, &holder, &lanes.subscriber, rows_max(&lanes.subscriber)));
    }
    let outcomes = database.commit(&statements, &[])?;
    let mut batches = vec![];
    for (lanes, outcomes) in lanes.iter().zip(outcomes.chunks_exact(2)) {
        let shards = crate::cells::integers(outcomes[0].rows.clone())?;
        if !shards.is_empty() {
            let rows = outcomes[1]
                .rows
                .iter()
                .cloned()
                .map(delivery)
                .collect::<Result<_, _>>()?;
            batches.push(Batch {
                holder: holder.clone(),
                subscriber: lanes.subscriber.clone(),
                shards,
                rows,
            });
        }
    }
    Ok(batches)
}

fn take(database: &Database, holder: &Holder, lanes: &Lanes) -> Statement {
    let dialect = database.dialect();
    let (free, now) = (is_free("l", dialect), dialect.now_ms());
    let rows = lanes
        .shards
        .iter()
        .map(|shard| format!("($1, {shard}, $2, {now} + {LEASE_MS})"));
    let rows = rows.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "INSERT INTO host_delivery_leases AS l (subscriber, shard, holder, held_until) VALUES {rows} \
         ON CONFLICT (subscriber, shard) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
         WHERE {free} RETURNING shard"
    );
    statement(
        sql,
        vec![Value::Text(lanes.subscriber.clone()), Value::Text(holder.0.clone())],
    )
}

fn fetch(database: &Database, holder: &Holder, subscriber: &str, rows_max: usize) -> Statement {
    let due = is_due(database.dialect().now_ms());
    let sql = format!(
        "WITH head AS (SELECT d.shard, d.position, d.bytes FROM host_deliveries d WHERE d.subscriber = $1 \
             AND d.shard IN (SELECT shard FROM host_delivery_leases WHERE subscriber = $1 AND holder = $2) AND {due} \
             ORDER BY d.position LIMIT {rows_max}), \
         bounded AS (SELECT shard, position, SUM(bytes) OVER (ORDER BY position) - bytes AS before FROM head) \
         SELECT d.shard, d.position, d.attempt, d.event_type, d.topic, d.key, d.body FROM bounded b \
         JOIN host_deliveries d ON d.subscriber = $1 AND d.shard = b.shard AND d.position = b.position \
         WHERE b.before < {BATCH_BYTES_MAX} ORDER BY d.position"
    );
    statement(
        sql,
        vec![Value::Text(subscriber.to_owned()), Value::Text(holder.0.clone())],
    )
}

/// Writes down what became of a batch's rows, in their order, and gives its lanes back.
///
/// If the process dies before this, everything of the batch is delivered again.
///
/// # Errors
/// `Conflict` if a lease was lost: another instance has the rows, and nothing was written here.
pub fn settle(database: &Database, batch: &Batch, verdicts: &[Verdict]) -> Result<(), Error> {
    let subscriber = || Value::Text(batch.subscriber.clone());
    let shards = list(batch.shards.iter().copied());
    let mut statements = vec![Statement {
        sql: "UPDATE host_delivery_leases SET holder = NULL, held_until = 0 WHERE subscriber = $1 AND holder = $2"
            .to_owned(),
        params: vec![subscriber(), Value::Text(batch.holder.0.clone())],
        expected_changes: Some(batch.shards.len() as u64),
    }];
    let mut gone = vec![];
    for (row, verdict) in batch.rows.iter().zip(verdicts) {
        let (shard, position) = (row.shard, row.position);
        match verdict {
            Verdict::Held => {}
            Verdict::Done => gone.push(position),
            Verdict::Again { after_ms } => {
                let now = database.dialect().now_ms();
                let after_ms = after_ms.min(&AGAIN_MS_MAX);
                let sql = format!(
                    "UPDATE host_deliveries SET attempt = attempt + 1, not_before = {now} + {after_ms} \
                     WHERE subscriber = $1 AND shard = {shard} AND position = {position}"
                );
                statements.push(statement(sql, vec![subscriber()]));
            }
            Verdict::Dead { reason } => {
                gone.push(position);
                let params = vec![subscriber(), Value::Text(reason.clone())];
                statements.push(statement(bury(database, shard, position), params));
            }
        }
    }
    if !gone.is_empty() {
        let gone = list(gone);
        let sql = format!(
            "DELETE FROM host_deliveries WHERE subscriber = $1 AND shard IN ({shards}) AND position IN ({gone})"
        );
        statements.push(statement(sql, vec![subscriber()]));
    }
    database.commit(&statements, &[]).map(drop)
}

fn bury(database: &Database, shard: i64, position: i64) -> String {
    let dialect = database.dialect();
    let (event_id, now) = (dialect.uuid("event_id"), dialect.now_ms());
    format!(
        "INSERT INTO host_dead_letters (event_id, event_type, topic, key, reason, failed_at, body, subscriber, attempts) \
         SELECT {event_id}, event_type, topic, key, $2, {now}, body, subscriber, attempt + 1 FROM host_deliveries \
         WHERE subscriber = $1 AND shard = {shard} AND position = {position}"
    )
}

fn delivery(row: Row) -> Result<Delivery, Error> {
    let mut cells = Cells::of(row);
    Ok(Delivery {
        shard: cells.integer()?,
        position: cells.integer()?,
        failures: u32::try_from(cells.integer()?).unwrap_or(u32::MAX),
        event_type: cells.text()?,
        topic: cells.text()?,
        key: cells.text()?,
        body: cells.text()?,
    })
}
