use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::{EventPublisher, PublishError, Record};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Row, Statement};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::rests::Rests;
use super::settlement::{Place, Settlement, settle};
use super::{ANSWER_MAX, PUBLISH_MAX};
use crate::error::{SqlError, told};
use crate::metrics::RelayMetrics;
use crate::outbox::SHARDS;
use crate::waker::{CHANNEL, Waker};

/// Rows in one batch: enough that the round trips around it do not count.
const BATCH_ROWS_MAX: i64 = 1_000;

/// Bytes of bodies and keys in one batch, but for its last row: a few producers' buffers.
const BATCH_BYTES_MAX: i64 = 8 * 1024 * 1024;

/// Shards in one batch: half of them, so that a second relay finds work beside the first.
const BATCH_SHARDS_MAX: i64 = 8;

/// Rows that are counted for the metric: past this it says "at least", instead of reading a long queue every time.
const BACKLOG_COUNTED_MAX: i64 = 100_000;

/// How long an event's id is remembered. A commit that was answered `unavailable` is repeated within minutes.
const IDS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Ids forgotten in one round: more than a host writes in the time between two.
const IDS_FORGOTTEN_MAX: i64 = 20_000;

/// Shards that have rows, do not rest, and that nobody holds; starting anywhere, so that none is always the last.
const CLAIM: &str = "SELECT s.shard FROM host_shards s WHERE s.shard <> ALL ($1) \
    AND EXISTS (SELECT 1 FROM host_outbox o WHERE o.shard = s.shard) \
    ORDER BY (s.shard + $2::smallint) % 16 LIMIT $3 FOR UPDATE SKIP LOCKED";

/// The heads of shards in order, with bodies only of those that are within the batch's bytes. A statement of its own after
/// the claim, because it must see what the last holder deleted.
const FETCH: &str = "WITH head AS (SELECT o.* FROM unnest($1::smallint[]) AS s (shard) CROSS JOIN LATERAL \
        (SELECT shard, position, bytes FROM host_outbox WHERE shard = s.shard ORDER BY position LIMIT $2) o), \
    bounded AS (SELECT shard, position, sum(bytes) OVER (ORDER BY position) - bytes AS before FROM head) \
    SELECT o.shard, o.position, o.event_id, o.event_type, o.topic, o.key, o.body \
    FROM bounded b JOIN host_outbox o USING (shard, position) WHERE b.before < $3 ORDER BY o.position";

const BURY: &str = "INSERT INTO host_dead_letters (event_id, event_type, topic, key, reason, failed_at, body) \
    SELECT o.event_id, o.event_type, o.topic, o.key, d.reason, (extract(epoch FROM now()) * 1000)::bigint, o.body \
    FROM unnest($1::smallint[], $2::bigint[], $3::text[]) AS d (shard, position, reason) \
    JOIN host_outbox o USING (shard, position) ORDER BY o.position";

const DELETE: &str = "DELETE FROM host_outbox o USING unnest($1::smallint[], $2::bigint[]) AS d (shard, position) \
    WHERE o.shard = d.shard AND o.position = d.position";

const BACKLOG: &str = "SELECT (SELECT count(*) FROM (SELECT 1 FROM host_outbox LIMIT $1) o), \
    coalesce((extract(epoch FROM now()) * 1000)::bigint - min(head.committed_at), 0) \
    FROM host_shards s CROSS JOIN LATERAL \
        (SELECT committed_at FROM host_outbox o WHERE o.shard = s.shard ORDER BY position LIMIT 1) head";

const FORGET: &str = "DELETE FROM host_event_ids WHERE event_id IN (SELECT event_id FROM host_event_ids \
    WHERE committed_at < (extract(epoch FROM now()) * 1000)::bigint - $1::bigint LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// One connection of a relay.
pub(super) struct Session<'a> {
    client: &'a Client,
    publisher: &'a dyn EventPublisher,
    metrics: &'a RelayMetrics,
    claim: Statement,
    fetch: Statement,
    bury: Statement,
    delete: Statement,
}

/// Keeps a connection going and passes on what the server tells. Ends with the client, or at once with
/// what is returned, even if the server owes an answer.
pub(super) fn drive<S, T>(mut connection: Connection<S, T>, waker: Arc<Waker>) -> AbortOnDropHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(_)) => waker.wake_here(),
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(error = told(&error), "the relay's connection ended");
                    return;
                }
            }
        }
    }))
}

/// What the server answers, unless it is silent.
async fn answered<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, SqlError> {
    match timeout(ANSWER_MAX, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(SqlError::Unavailable("the database does not answer".to_owned())),
    }
}

impl<'a> Session<'a> {
    pub(super) async fn open(
        client: &'a Client,
        publisher: &'a dyn EventPublisher,
        metrics: &'a RelayMetrics,
    ) -> Result<Self, SqlError> {
        let listen = format!("LISTEN {CHANNEL}");
        let preparing = async {
            futures::try_join!(
                client.batch_execute(&listen),
                client.prepare(CLAIM),
                client.prepare(FETCH),
                client.prepare(BURY),
                client.prepare(DELETE),
            )
        };
        let ((), claim, fetch, bury, delete) = answered(preparing).await?;
        Ok(Self {
            client,
            publisher,
            metrics,
            claim,
            fetch,
            bury,
            delete,
        })
    }

    /// Publishes the heads of some shards; returns how many rows it found.
    pub(super) async fn publish_batch(&self, rests: &mut Rests) -> Result<usize, SqlError> {
        let start = i16::from(fastrand::u8(..SHARDS));
        let resting = rests.resting();
        let params: [&(dyn ToSql + Sync); 3] = [&resting, &start, &BATCH_SHARDS_MAX];
        let claiming = async {
            futures::try_join!(
                self.client.batch_execute("BEGIN"),
                self.client.query(&self.claim, &params),
            )
        };
        let ((), claimed) = answered(claiming).await?;
        let shards: Vec<i16> = claimed.iter().map(|row| row.get(0)).collect();
        if shards.is_empty() {
            answered(self.client.batch_execute("COMMIT")).await?;
            return Ok(0);
        }
        let rows_each = BATCH_ROWS_MAX / i64::try_from(shards.len()).unwrap_or(BATCH_SHARDS_MAX);
        let params: [&(dyn ToSql + Sync); 3] = [&shards, &rows_each, &BATCH_BYTES_MAX];
        let rows = answered(self.client.query(&self.fetch, &params)).await?;
        let places: Vec<(Place, &str)> = rows.iter().map(place_and_key).collect();
        let results = self.publish(rows.iter().map(record).collect()).await;
        let settlement = settle(&places, results);
        self.write_down(&settlement).await?;
        self.note(&settlement, &shards, rests);
        Ok(rows.len())
    }

    async fn publish(&self, records: Vec<Record>) -> Vec<Result<(), PublishError>> {
        let count = records.len();
        match timeout(PUBLISH_MAX, self.publisher.publish(records)).await {
            Ok(results) => results,
            Err(_) => vec![Err(PublishError::Unavailable("no answer in time".to_owned())); count],
        }
    }

    /// Deletes what is settled and frees the shards, in one flush.
    async fn write_down(&self, settlement: &Settlement) -> Result<(), SqlError> {
        let columns = |places: &mut dyn Iterator<Item = Place>| -> (Vec<i16>, Vec<i64>) {
            places.map(|place| (place.shard, place.position)).unzip()
        };
        let dead = || settlement.dead.iter().map(|(place, _)| *place);
        let (dead_shards, dead_positions) = columns(&mut dead());
        let reasons: Vec<&str> = settlement.dead.iter().map(|(_, reason)| reason.as_str()).collect();
        let (shards, positions) = columns(&mut settlement.published.iter().copied().chain(dead()));
        let bury = async {
            match settlement.dead.is_empty() {
                true => Ok(0),
                false => {
                    let params: [&(dyn ToSql + Sync); 3] = [&dead_shards, &dead_positions, &reasons];
                    self.client.execute(&self.bury, &params).await
                }
            }
        };
        let settled: [&(dyn ToSql + Sync); 2] = [&shards, &positions];
        let settling = async {
            futures::try_join!(
                bury,
                self.client.execute(&self.delete, &settled),
                self.client.batch_execute("COMMIT"),
            )
        };
        answered(settling).await.map(drop)
    }

    fn note(&self, settlement: &Settlement, shards: &[i16], rests: &mut Rests) {
        let Settlement {
            published,
            dead,
            failed,
            kept,
        } = settlement;
        self.metrics.batch(published.len(), *kept, dead.len());
        for (place, reason) in dead {
            tracing::error!(
                position = place.position,
                reason,
                "an event can not be published; it is a dead letter"
            );
        }
        if let Some((_, reason)) = failed.first() {
            tracing::warn!(reason, kept, "events were not published and stay for now");
        }
        let failed: HashSet<i16> = failed.iter().map(|(shard, _)| *shard).collect();
        for shard in shards {
            match failed.contains(shard) {
                true => rests.failed(*shard),
                false => rests.succeeded(*shard),
            }
        }
    }

    /// Measures what waits and forgets old ids.
    pub(super) async fn keep_house(&self) -> Result<(), SqlError> {
        let kept_ms = i64::try_from(IDS_KEPT.as_millis()).unwrap_or(i64::MAX);
        let backlog = answered(self.client.query_one(BACKLOG, &[&BACKLOG_COUNTED_MAX])).await?;
        let (rows, age_ms): (i64, i64) = (backlog.get(0), backlog.get(1));
        self.metrics
            .backlog(rows, Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)));
        let params: [&(dyn ToSql + Sync); 2] = [&kept_ms, &IDS_FORGOTTEN_MAX];
        answered(self.client.execute(FORGET, &params)).await.map(drop)
    }
}

fn place_and_key(row: &Row) -> (Place, &str) {
    let place = Place {
        shard: row.get("shard"),
        position: row.get("position"),
    };
    (place, row.get("key"))
}

fn record(row: &Row) -> Record {
    Record {
        topic: row.get("topic"),
        key: row.get("key"),
        event_id: row.get::<_, Uuid>("event_id").to_string(),
        event_type: row.get("event_type"),
        body: row.get::<_, String>("body").into_bytes(),
    }
}
