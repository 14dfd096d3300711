//! Events on their way to subscribers of the same application, where no broker is.
//!
//! Each subscriber has its own rows and its own progress. Of a key's rows only those are fetched before which none waits for
//! another attempt; other keys go on.

use std::collections::BTreeSet;

use crate::cells::Cells;
use crate::leases::{ALL_SHARDS, Holder, LEASE_MS, is_free, list};
use crate::outbox::{self, New, statement};
use crate::{Database, Error, Outcome, Row, Statement, Subscription, Value};

/// Milliseconds that a row waits at most for its next attempt.
///
/// One that should wait for longer was put off before the clock was set back, and does not wait.
pub const AGAIN_MS_MAX: i64 = 10_000;

/// Rows in one batch, whatever a subscription says: what one settling commit takes.
const BATCH_ROWS_MAX: usize = 200;
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

/// The oldest rows of a subscriber that is held, in order.
#[derive(Debug)]
pub struct Batch {
    holder: Holder,
    /// The subscriber.
    pub subscriber: String,
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

/// Hands out what is in the outbox, takes the leases of those `subscribers` that have something due and are free, and reads
/// their oldest rows.
///
/// One commit. If the process dies after it, the rows stay where they are and the leases run out.
///
/// A subscriber has one lease for all shards: while one batch is on its way, the next one grows, so under load there are few
/// commits for many events.
///
/// # Errors
/// The database can not be asked.
pub fn claim(database: &Database, subscriptions: &[Subscription], subscribers: &[&str]) -> Result<Vec<Batch>, Error> {
    let new = outbox::oldest(database)?;
    // Reads only, because most looks find nothing, or somebody at work, who will look again once he is done.
    if !is_for_nobody(subscriptions, &new) && !is_worth_it(database, subscriptions, subscribers, &new)? {
        return Ok(vec![]);
    }
    let holder = Holder::new();
    let mut statements = outbox::hand_out(subscriptions, &new);
    if subscribers.is_empty() {
        return database.commit(&statements, &[]).map(|_| vec![]);
    }
    let taking = statements.len();
    statements.push(take(database, &holder, subscribers));
    statements.extend(
        subscribers
            .iter()
            .map(|subscriber| fetch(database, &holder, subscriber, rows_max(subscriptions, subscriber))),
    );
    let mut outcomes = database.commit(&statements, &[])?.split_off(taking).into_iter();
    let taken = outcomes.next().map(|taken| taken.rows).unwrap_or_default();
    let taken: Vec<String> = taken
        .into_iter()
        .map(|row| Cells::of(row).text())
        .collect::<Result<_, _>>()?;
    let fetched = subscribers
        .iter()
        .zip(outcomes)
        .filter(|(subscriber, _)| taken.iter().any(|name| name == *subscriber));
    let batch = |(subscriber, outcome): (&&str, Outcome)| {
        Ok(Batch {
            holder: holder.clone(),
            subscriber: (*subscriber).to_owned(),
            rows: outcome.rows.into_iter().map(delivery).collect::<Result<_, _>>()?,
        })
    };
    fetched.map(batch).collect()
}

/// The fewest events that one of a subscriber's subscriptions takes at once.
fn rows_max(subscriptions: &[Subscription], subscriber: &str) -> usize {
    let own = subscriptions
        .iter()
        .filter(|subscription| *subscription.component == *subscriber);
    own.map(|subscription| subscription.batch)
        .min()
        .unwrap_or(1)
        .clamp(1, BATCH_ROWS_MAX)
}

/// Whether there are new rows that only have to leave the outbox.
fn is_for_nobody(subscriptions: &[Subscription], new: &[New]) -> bool {
    let is_wanted = |row: &New| subscriptions.iter().any(|subscription| row.is_wanted(subscription));
    !new.is_empty() && !new.iter().any(is_wanted)
}

/// Whether one of the subscribers is free and has something due, or will have once the outbox is handed out.
fn is_worth_it(
    database: &Database,
    subscriptions: &[Subscription],
    subscribers: &[&str],
    new: &[New],
) -> Result<bool, Error> {
    if subscribers.is_empty() {
        return Ok(false);
    }
    let wants_new = |subscriber: &str| {
        let mut own = subscriptions
            .iter()
            .filter(|subscription| *subscription.component == *subscriber);
        own.any(|subscription| new.iter().any(|row| row.is_wanted(subscription)))
    };
    let rows = subscribers.iter().enumerate().map(|(place, subscriber)| {
        let wants_new = i32::from(wants_new(subscriber));
        format!(
            "SELECT CAST(${} AS text) AS subscriber, {wants_new} AS wants_new",
            place + 1
        )
    });
    let rows = rows.collect::<Vec<_>>().join(" UNION ALL ");
    let dialect = database.dialect();
    let (free, due) = (is_free("l", dialect), has_due(dialect.now_ms()));
    let sql = format!(
        "SELECT n.subscriber FROM ({rows}) n WHERE (n.wants_new = 1 OR {due}) \
         AND NOT EXISTS (SELECT 1 FROM host_delivery_leases l \
             WHERE l.subscriber = n.subscriber AND l.shard = {ALL_SHARDS} AND NOT {free}) LIMIT 1"
    );
    Ok(!database.query(&sql, &texts(subscribers))?.is_empty())
}

/// The subscribers as a table of parameters from `$1` on.
fn names(subscribers: &[&str]) -> String {
    let names = (1..=subscribers.len()).map(|number| format!("SELECT CAST(${number} AS text) AS subscriber"));
    names.collect::<Vec<_>>().join(" UNION ALL ")
}

fn texts(subscribers: &[&str]) -> Vec<Value> {
    subscribers.iter().map(|&name| Value::Text(name.to_owned())).collect()
}

/// Whether the subscriber in the row called `n` has a delivery that may be made now.
fn has_due(now: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM host_deliveries d WHERE d.subscriber = n.subscriber AND {})",
        is_due(now)
    )
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

fn take(database: &Database, holder: &Holder, subscribers: &[&str]) -> Statement {
    let dialect = database.dialect();
    let (names, free, now) = (names(subscribers), is_free("l", dialect), dialect.now_ms());
    let mut params = texts(subscribers);
    params.push(Value::Text(holder.0.clone()));
    let sql = format!(
        "INSERT INTO host_delivery_leases AS l (subscriber, shard, holder, held_until) \
         SELECT n.subscriber, {ALL_SHARDS}, CAST(${} AS text), {now} + {LEASE_MS} FROM ({names}) n WHERE {} \
         ON CONFLICT (subscriber, shard) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
         WHERE {free} RETURNING subscriber",
        params.len(),
        has_due(now)
    );
    statement(sql, params)
}

fn fetch(database: &Database, holder: &Holder, subscriber: &str, rows_max: usize) -> Statement {
    let due = is_due(database.dialect().now_ms());
    let sql = format!(
        "WITH head AS (SELECT d.shard, d.position, d.bytes FROM host_deliveries d WHERE d.subscriber = $1 \
             AND EXISTS (SELECT 1 FROM host_delivery_leases WHERE subscriber = $1 AND shard = {ALL_SHARDS} AND holder = $2) \
             AND {due} ORDER BY d.position LIMIT {rows_max}), \
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

/// Writes down what became of a batch's rows, in their order, and gives the subscriber back.
///
/// If the process dies before this, everything of the batch is delivered again.
///
/// # Errors
/// `Conflict` if a lease was lost: another instance has the rows, and nothing was written here.
pub fn settle(database: &Database, batch: &Batch, verdicts: &[Verdict]) -> Result<(), Error> {
    let subscriber = || Value::Text(batch.subscriber.clone());
    let give_back = format!(
        "UPDATE host_delivery_leases SET holder = NULL, held_until = 0 \
         WHERE subscriber = $1 AND shard = {ALL_SHARDS} AND holder = $2"
    );
    let mut statements = vec![Statement {
        sql: give_back,
        params: vec![subscriber(), Value::Text(batch.holder.0.clone())],
        expected_changes: Some(1),
    }];
    let mut gone = vec![];
    let shards: BTreeSet<i64> = batch.rows.iter().map(|row| row.shard).collect();
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
        let (shards, gone) = (list(shards), list(gone));
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

#[cfg(test)]
mod tests {
    use super::{AGAIN_MS_MAX, BATCH_ROWS_MAX, rows_max};
    use crate::Subscription;
    use crate::leases::LEASE_MS;

    #[test]
    fn a_batch_is_what_every_subscription_takes() {
        let subscription = |component: &str, batch| Subscription {
            component: component.into(),
            topics: vec![],
            types: vec![],
            batch,
            attempts_max: 8,
        };
        let subscriptions = [subscription("a", 50), subscription("a", 20), subscription("b", 1_000)];
        assert_eq!(rows_max(&subscriptions, "a"), 20);
        assert_eq!(rows_max(&subscriptions, "b"), BATCH_ROWS_MAX);
    }

    #[test]
    fn a_wait_is_shorter_than_a_lease() {
        const { assert!(AGAIN_MS_MAX < LEASE_MS) };
    }
}
