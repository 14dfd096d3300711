//! Events on their way into the outbox.

use dayloom_ports::{Event, TopicMap};
use dayloom_sql::part_of;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::connections::{Connector, Purpose};
use crate::{OpenError, PostgresConfig};

/// Shards of the outbox, each published by one relay at a time: more than there will be relays. The first migration makes
/// as many rows, and stored rows rely on it.
pub(crate) const SHARDS: u8 = 16;

/// Takes the ids for ever and adds one row for each event and topic, in order.
pub(crate) const INSERT: &str = "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now), \
    event AS (SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::text[]) \
        WITH ORDINALITY AS e (event_id, shard, event_type, key, body, number)), \
    taken AS (INSERT INTO host_event_ids (event_id, committed_at) SELECT event_id, now FROM event, clock) \
    INSERT INTO host_outbox (shard, committed_at, bytes, event_id, event_type, topic, key, body) \
    SELECT e.shard, now, octet_length(e.body) + octet_length(e.key), e.event_id, e.event_type, r.topic, e.key, e.body \
    FROM unnest($6::bigint[], $7::text[]) WITH ORDINALITY AS r (number, topic, place) \
    JOIN event e USING (number), clock ORDER BY r.place";

/// Events that no relay has published yet, once for each topic.
///
/// # Errors
/// If the database can not be reached, or no host ever used it.
pub async fn unpublished(config: &PostgresConfig) -> Result<u64, OpenError> {
    let client = Connector::new(config.clone())?.client(Purpose::Maintain).await?;
    let count: i64 = client.query_one("SELECT count(*) FROM host_outbox", &[]).await?.get(0);
    Ok(count.cast_unsigned())
}

/// The parameters of [`INSERT`], as columns.
pub(crate) struct NewRows<'a> {
    ids: &'a [Uuid],
    shards: Vec<i16>,
    types: Vec<&'a str>,
    keys: Vec<&'a str>,
    bodies: Vec<&'a str>,
    /// For each row of the outbox the number of its event, from 1.
    numbers: Vec<i64>,
    topics: Vec<&'a str>,
}

impl<'a> NewRows<'a> {
    pub(crate) fn new(ids: &'a [Uuid], events: &'a [Event], topic_map: &'a TopicMap) -> Self {
        let (mut numbers, mut topics) = (Vec::new(), Vec::new());
        for (number, event) in (1..).zip(events) {
            for topic in topic_map.topics_of(&event.event_type) {
                numbers.push(number);
                topics.push(topic.as_str());
            }
        }
        Self {
            ids,
            shards: events.iter().map(|event| part_of(&event.key, SHARDS).into()).collect(),
            types: events.iter().map(|event| event.event_type.as_str()).collect(),
            keys: events.iter().map(|event| event.key.as_str()).collect(),
            bodies: events.iter().map(|event| event.body.as_str()).collect(),
            numbers,
            topics,
        }
    }

    pub(crate) fn params(&self) -> [&(dyn ToSql + Sync); 7] {
        [
            &self.ids,
            &self.shards,
            &self.types,
            &self.keys,
            &self.bodies,
            &self.numbers,
            &self.topics,
        ]
    }
}
