//! Events that were committed and are not on their way yet.
//!
//! They leave in one of two ways. With a sidecar, [`claim`] and [`settle`] go around publishing them. Without one,
//! [`deliveries`](crate::deliveries) turn each row into one delivery for each subscriber.
//!
//! # Invariant
//! Of two commits that changed one row, the later one has the higher positions, so a key's events are in the order of their
//! positions, and a key has one shard for ever.

use crate::cells::{Cells, integers};
use crate::leases::{Holder, LEASE_MS, is_free, list};
use crate::{Database, Error, Row, Statement, Subscription, Value};

/// Rows in one batch: enough that the commits around it do not count, and few enough to be published within a lease.
const BATCH_ROWS_MAX: usize = 100;
/// Bytes of keys and bodies in one batch, but for its last row: what a sidecar takes in one request by default.
const BATCH_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Milliseconds for which a shard rests at most after its publisher failed. Less than a lease, or it would count as one from
/// before the clock was set back.
const REST_MS_MAX: i64 = 5_000;
/// Milliseconds for which an event's id is remembered: a commit that was answered `unavailable` is repeated within minutes.
const IDS_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Ids forgotten in one round, so that it is short.
const IDS_FORGOTTEN_MAX: usize = 5_000;

/// One event for one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// The key's shard.
    pub shard: i64,
    /// Its place among all rows.
    pub position: i64,
    /// Where to.
    pub topic: String,
    /// Its ordering key.
    pub key: String,
    /// CloudEvents structured JSON.
    pub body: String,
}

/// Shards that are held, and the oldest of their rows, in order.
#[derive(Debug)]
pub struct Claim {
    holder: Holder,
    shards: Vec<i64>,
    /// What is to be published.
    pub rows: Vec<OutboxRow>,
}

/// Takes the leases of all shards that have rows and are free, and reads their oldest rows; none if there are none.
///
/// If the process dies after this, the rows stay where they are and the leases run out.
///
/// # Errors
/// The database can not be asked.
pub fn claim(database: &Database) -> Result<Option<Claim>, Error> {
    let dialect = database.dialect();
    let (free, now) = (is_free("s", dialect), dialect.now_ms());
    let has_rows = "EXISTS (SELECT 1 FROM host_outbox o WHERE o.shard = s.shard)";
    // Reads only, because most looks find nothing, or nothing that is free.
    let looked = format!("SELECT s.shard FROM host_shards s WHERE {free} AND {has_rows} LIMIT 1");
    if database.query(&looked, &[])?.is_empty() {
        return Ok(None);
    }
    let holder = Holder::new();
    let take = format!(
        "UPDATE host_shards AS s SET holder = $1, held_until = {now} + {LEASE_MS} WHERE {free} AND {has_rows} \
         RETURNING shard"
    );
    let fetch = format!(
        "WITH head AS (SELECT shard, position, bytes FROM host_outbox \
             WHERE shard IN (SELECT shard FROM host_shards WHERE holder = $1) ORDER BY position LIMIT {BATCH_ROWS_MAX}), \
         bounded AS (SELECT shard, position, SUM(bytes) OVER (ORDER BY position) - bytes AS before FROM head) \
         SELECT o.shard, o.position, o.topic, o.key, o.body FROM bounded b \
         JOIN host_outbox o ON o.shard = b.shard AND o.position = b.position \
         WHERE b.before < {BATCH_BYTES_MAX} ORDER BY o.position"
    );
    let of_holder = || vec![Value::Text(holder.0.clone())];
    let mut outcomes = database.commit(&[statement(take, of_holder()), statement(fetch, of_holder())], &[])?;
    let rows = outcomes.pop().map(|fetched| fetched.rows).unwrap_or_default();
    let shards = integers(outcomes.pop().map(|taken| taken.rows).unwrap_or_default())?;
    if shards.is_empty() {
        return Ok(None);
    }
    let rows = rows.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Some(Claim { holder, shards, rows }))
}

/// Deletes what was published and gives the shards back; those of `failed` rest for a moment, so that a sidecar that is
/// away is not asked by every request.
///
/// If the process dies before this, what was published is published again.
///
/// # Errors
/// `Conflict` if a lease was lost: another instance has the rows, and nothing was written here.
pub fn settle(database: &Database, claim: &Claim, published: &[i64], failed: &[i64]) -> Result<(), Error> {
    let now = database.dialect().now_ms();
    let rest = fastrand::i64(REST_MS_MAX / 4..=REST_MS_MAX);
    let until = match failed {
        [] => "0".to_owned(),
        failed => {
            let failed = list(failed.iter().copied());
            format!("CASE WHEN shard IN ({failed}) THEN {now} + {rest} ELSE 0 END")
        }
    };
    let give_back = Statement {
        sql: format!("UPDATE host_shards SET holder = NULL, held_until = {until} WHERE holder = $1"),
        params: vec![Value::Text(claim.holder.0.clone())],
        expected_changes: Some(claim.shards.len() as u64),
    };
    let mut statements = vec![give_back];
    if !published.is_empty() {
        let shards = list(claim.shards.iter().copied());
        let positions = list(published.iter().copied());
        let sql = format!("DELETE FROM host_outbox WHERE shard IN ({shards}) AND position IN ({positions})");
        statements.push(statement(sql, vec![]));
    }
    database.commit(&statements, &[]).map(drop)
}

/// A row that is to be handed out.
#[derive(Debug, PartialEq)]
pub(crate) struct New {
    position: i64,
    topic: String,
    event_type: String,
}

impl New {
    /// Whether a subscription wants it.
    pub(crate) fn is_wanted(&self, subscription: &Subscription) -> bool {
        let Subscription { topics, types, .. } = subscription;
        topics.contains(&self.topic) && (types.is_empty() || types.contains(&self.event_type))
    }
}

/// The oldest rows: what is to be handed out next.
pub(crate) fn oldest(database: &Database) -> Result<Vec<New>, Error> {
    let sql = format!("SELECT position, topic, event_type FROM host_outbox ORDER BY position LIMIT {BATCH_ROWS_MAX}");
    let new = |row| {
        let mut cells = Cells::of(row);
        Ok(New {
            position: cells.integer()?,
            topic: cells.text()?,
            event_type: cells.text()?,
        })
    };
    database.query(&sql, &[])?.into_iter().map(new).collect()
}

/// Turns rows into deliveries, one for each subscriber that wants the event. As part of one commit, so that a process that
/// dies has handed out a row to all of its subscribers or to none.
pub(crate) fn hand_out(subscriptions: &[Subscription], new: &[New]) -> Vec<Statement> {
    if new.is_empty() {
        return vec![];
    }
    // Named one by one: "up to this position" would on PostgreSQL take in rows that another commit adds meanwhile, and each
    // statement would see others.
    let named = list(new.iter().map(|row| row.position));
    // Whoever hands out holds this row until the commit, so that no row is handed out twice.
    let mut statements = vec![Statement {
        sql: "UPDATE host_shards SET held_until = held_until WHERE shard = 0".to_owned(),
        params: vec![],
        expected_changes: Some(1),
    }];
    statements.extend(subscriptions.iter().map(|subscription| insert(subscription, &named)));
    statements.push(statement(
        format!("DELETE FROM host_outbox WHERE position IN ({named})"),
        vec![],
    ));
    statements
}

/// The deliveries of one subscription. Two of one subscriber may want the same row.
fn insert(subscription: &Subscription, positions: &str) -> Statement {
    let mut params = vec![Value::Text(subscription.component.to_string())];
    let mut one_of = |values: &[String]| {
        let places = values.iter().map(|value| {
            params.push(Value::Text(value.clone()));
            format!("${}", params.len())
        });
        places.collect::<Vec<_>>().join(", ")
    };
    let topics = one_of(&subscription.topics);
    let types = match &*subscription.types {
        [] => String::new(),
        types => format!(" AND event_type IN ({})", one_of(types)),
    };
    let sql = format!(
        "INSERT INTO host_deliveries (subscriber, shard, position, committed_at, bytes, event_id, event_type, topic, key, body) \
         SELECT $1, shard, position, committed_at, bytes, CAST(event_id AS text), event_type, topic, key, body \
         FROM host_outbox WHERE position IN ({positions}) AND topic IN ({topics}){types} ON CONFLICT DO NOTHING"
    );
    statement(sql, params)
}

/// Forgets ids of events that nobody will commit again.
///
/// # Errors
/// The database can not be asked.
pub fn forget_ids(database: &Database) -> Result<(), Error> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "DELETE FROM host_event_ids WHERE event_id IN (SELECT event_id FROM host_event_ids \
         WHERE committed_at < {now} - {IDS_KEPT_MS} LIMIT {IDS_FORGOTTEN_MAX})"
    );
    database.commit(&[statement(sql, vec![])], &[]).map(drop)
}

pub(crate) fn statement(sql: String, params: Vec<Value>) -> Statement {
    Statement {
        sql,
        params,
        expected_changes: None,
    }
}

fn row(row: Row) -> Result<OutboxRow, Error> {
    let mut cells = Cells::of(row);
    Ok(OutboxRow {
        shard: cells.integer()?,
        position: cells.integer()?,
        topic: cells.text()?,
        key: cells.text()?,
        body: cells.text()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{REST_MS_MAX, insert};
    use crate::leases::LEASE_MS;
    use crate::{Subscription, Value};

    fn subscription(types: &[&str]) -> Subscription {
        Subscription {
            component: "audit".into(),
            topics: vec!["a".to_owned(), "b".to_owned()],
            types: types.iter().map(|&name| name.to_owned()).collect(),
            batch: 10,
            attempts_max: 8,
        }
    }

    #[test]
    fn a_delivery_is_for_what_was_subscribed_to() {
        let all = insert(&subscription(&[]), "1, 2");
        assert!(
            all.sql.contains("position IN (1, 2) AND topic IN ($2, $3) ON CONFLICT"),
            "{}",
            all.sql
        );
        let some = insert(&subscription(&["t"]), "1");
        assert!(
            some.sql.contains("topic IN ($2, $3) AND event_type IN ($4) ON"),
            "{}",
            some.sql
        );
        let texts = ["audit", "a", "b", "t"].map(|text| Value::Text(text.to_owned()));
        assert_eq!(some.params, texts);
    }

    #[test]
    fn a_rest_is_shorter_than_a_lease() {
        const { assert!(REST_MS_MAX < LEASE_MS) };
    }
}
