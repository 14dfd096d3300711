//! Events leave the outbox: all of them, in order, whatever happens.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use dayloom_ports::conformance::fixture::{commit, event, insert};
use dayloom_ports::{Event, Storage, TopicMap};
use dayloom_postgres::{PostgresStore, RelayError, unpublished};

use crate::publisher::{Broker, Relaying};
use crate::support::{Database, eventually, grants};

/// Less than the second after which a relay looks by itself.
const AT_ONCE: Duration = Duration::from_millis(500);

fn told(key: &str, body: impl Into<String>) -> Event {
    Event {
        body: body.into(),
        ..event(key)
    }
}

async fn is_empty(database: &Database) -> bool {
    database.count("SELECT count(*) FROM host_outbox").await == 0
}

/// Writes `per_key` events for each of `keys` keys, several keys at a time, a key's in order.
async fn write(store: &Arc<PostgresStore>, keys: usize, per_key: usize) {
    let writers = (0..keys).map(|key| async move {
        for number in 0..per_key {
            let events = [told(&format!("key-{key}"), number.to_string())];
            commit(&**store, [insert(&format!("{key}/{number}"))], events)
                .await
                .expect("it is committed");
        }
    });
    futures::future::join_all(writers).await;
}

fn in_order(per_key: usize) -> Vec<String> {
    (0..per_key).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn events_reach_every_topic_of_their_type() {
    let database = Database::new().await;
    let topic_map = TopicMap {
        rules: vec![("thing.*".to_owned(), vec!["a".to_owned(), "b".to_owned()])],
    };
    let store = PostgresStore::open(database.config(), grants(), topic_map, database.migrations())
        .await
        .expect("the store opens");
    let events: Vec<Event> = (0..3).map(|number| told("k", number.to_string())).collect();
    commit(&*store, [], events.clone()).await.expect("it is committed");
    let waiting = async || unpublished(&database.config()).await.expect("the server answers");
    assert_eq!(waiting().await, 6);
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    eventually("all are out", async || is_empty(&database).await).await;
    relay.stop().await;
    assert_eq!(waiting().await, 0);
    let taken: Vec<_> = broker.taken().clone();
    assert_eq!(taken.len(), 6);
    for topic in ["a", "b"] {
        let of_topic: Vec<_> = taken.iter().filter(|record| record.topic == topic).collect();
        for (record, event) in of_topic.iter().zip(&events) {
            assert_eq!((&record.event_id, &record.event_type), (&event.id, &event.event_type));
            assert_eq!(
                (record.key.as_str(), record.body.as_slice()),
                ("k", event.body.as_bytes())
            );
        }
    }
    // The id stays taken after the event has left.
    let again = commit(&*store, [insert("a")], [events[1].clone()]).await;
    assert_eq!(again, Err(dayloom_ports::StorageError::Conflict(1)));
}

#[tokio::test]
async fn a_commit_wakes_the_relay_of_another_host_at_once() {
    let database = Database::new().await;
    let (writer, relaying) = (database.store().await, database.store().await);
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&relaying, &broker);
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COMMIT%' AND state = 'idle' \
                     AND datname = current_database()";
    eventually("the relay waits", async || database.count(listening).await >= 1).await;
    let mut latencies = Vec::new();
    for number in 1..=20 {
        let begun = Instant::now();
        commit(&*writer, [], [told("k", "x")]).await.expect("it is committed");
        while broker.taken().len() < number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        latencies.push(begun.elapsed());
    }
    latencies.sort();
    println!(
        "commit to publisher: median {:?}, longest {:?}",
        latencies[10], latencies[19]
    );
    assert!(latencies[10] < AT_ONCE, "{latencies:?}");
    relay.stop().await;
}

#[tokio::test]
async fn what_nobody_was_told_of_is_found() {
    let database = Database::new().await;
    let writer = database.store().await;
    commit(&*writer, [], [told("k", "x")]).await.expect("it is committed");
    // Its host dies before it could tell.
    drop(writer);
    let store = database.store().await;
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    eventually("it is found", async || broker.taken().len() == 1).await;
    let sql = "INSERT INTO host_outbox (shard, committed_at, bytes, event_id, event_type, topic, key, body) \
               VALUES (0, 0, 1, gen_random_uuid(), 't', 't', 'k', 'y')";
    database
        .client()
        .await
        .batch_execute(sql)
        .await
        .expect("a row is written");
    eventually("it is found", async || broker.taken().len() == 2).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_that_fail_and_die_lose_nothing_and_keep_every_keys_order() {
    let arrived = publish_while_relays_die(false).await;
    let in_order = |bodies: &Vec<String>| *bodies == in_order(PER_KEY);
    assert!(arrived.first_arrivals().values().all(in_order));
    assert!(arrived.last_arrivals().values().all(in_order));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_broker_took_out_of_order_comes_again_in_order() {
    let arrived = publish_while_relays_die(true).await;
    for (key, bodies) in arrived.last_arrivals() {
        assert_eq!(bodies, in_order(PER_KEY), "{key}");
    }
}

const KEYS: usize = 24;
const PER_KEY: usize = 60;

/// Two hosts whose relays die at any moment, and a broker that is shaky; in the end everything is out.
async fn publish_while_relays_die(skips: bool) -> Arc<Broker> {
    let database = Database::new().await;
    let hosts = [database.store().await, database.store().await];
    let broker = Arc::new(Broker::default());
    broker.shaky.store(true, SeqCst);
    broker.skips.store(skips, SeqCst);
    let writing = {
        let store = hosts[0].clone();
        tokio::spawn(async move { write(&store, KEYS, PER_KEY).await })
    };
    let mut kills = 0;
    while !writing.is_finished() || kills < 40 {
        let relays = hosts.each_ref().map(|store| Relaying::start(store, &broker));
        for relay in relays {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(1..60))).await;
            relay.kill().await;
            kills += 1;
        }
    }
    writing.await.expect("no panic");
    broker.shaky.store(false, SeqCst);
    let relays = hosts.each_ref().map(|store| Relaying::start(store, &broker));
    eventually("all are out", async || is_empty(&database).await).await;
    for relay in relays {
        relay.stop().await;
    }
    assert_eq!(broker.first_arrivals().len(), KEYS);
    println!(
        "{kills} relays were killed; {} records for {} events",
        broker.taken().len(),
        KEYS * PER_KEY
    );
    broker
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_beside_each_other_repeat_nothing_while_nothing_fails() {
    let database = Database::new().await;
    let hosts = [database.store().await, database.store().await, database.store().await];
    let broker = Arc::new(Broker::default());
    let relays = hosts.each_ref().map(|store| Relaying::start(store, &broker));
    write(&hosts[0], KEYS, PER_KEY).await;
    eventually("all are out", async || is_empty(&database).await).await;
    for relay in relays {
        relay.stop().await;
    }
    assert_eq!(broker.taken().len(), KEYS * PER_KEY);
    for (key, bodies) in broker.first_arrivals() {
        assert_eq!(bodies, in_order(PER_KEY), "{key}");
    }
}

#[tokio::test]
async fn a_broker_that_is_away_is_waited_for() {
    let database = Database::new().await;
    let store = database.store().await;
    let broker = Arc::new(Broker::default());
    broker.away.store(true, SeqCst);
    let relay = Relaying::start(&store, &broker);
    write(&store, 4, 10).await;
    tokio::time::sleep(AT_ONCE).await;
    assert_eq!(database.count("SELECT count(*) FROM host_outbox").await, 40);
    broker.away.store(false, SeqCst);
    eventually("all are out", async || is_empty(&database).await).await;
    relay.stop().await;
    assert_eq!(broker.taken().len(), 40);
}

#[tokio::test]
async fn an_event_that_is_refused_is_a_dead_letter_and_blocks_nobody() {
    let database = Database::new().await;
    let store = database.store().await;
    let events = [told("k", "1"), told("k", "poison"), told("k", "2")];
    let poison = events[1].id.clone();
    commit(&*store, [], events).await.expect("it is committed");
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    eventually("all are out", async || is_empty(&database).await).await;
    relay.stop().await;
    assert_eq!(broker.first_arrivals()["k"], ["1", "2"]);
    let sql = "SELECT event_id::text, event_type, topic, key, reason, body FROM host_dead_letters";
    let rows = database.client().await.query(sql, &[]).await.expect("they are read");
    let cells: Vec<String> = (0..6).map(|column| rows[0].get(column)).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(cells, [&poison, "thing.made", "things", "k", "too bitter", "poison"]);
}

#[tokio::test]
async fn a_relay_survives_the_loss_of_its_connection() {
    let database = Database::new().await;
    let store = database.store().await;
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    for round in 1..=3 {
        database.cut_connections().await;
        eventually("it is committed", async || {
            commit(&*store, [], [told("k", round.to_string())]).await.is_ok()
        })
        .await;
        eventually("it is out", async || {
            broker
                .first_arrivals()
                .get("k")
                .is_some_and(|bodies| bodies.len() == round)
        })
        .await;
    }
    relay.stop().await;
    assert_eq!(broker.first_arrivals()["k"], ["1", "2", "3"]);
}

#[tokio::test]
async fn a_relay_that_can_never_work_ends() {
    let database = Database::new().await;
    let store = database.store().await;
    let sql = "ALTER TABLE host_outbox RENAME TO elsewhere";
    database.client().await.batch_execute(sql).await.expect("it is renamed");
    let relay = Relaying::start(&store, &Arc::default());
    assert!(matches!(relay.ended().await, Err(RelayError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_relay_publishes_thousands_a_second() {
    const EVENTS: usize = 20_000;
    let database = Database::new().await;
    let store = database.store().await;
    for batch in 0..EVENTS / 1_000 {
        let events: Vec<Event> = (0..1_000)
            .map(|number| {
                told(
                    &format!("key-{}", number % 100),
                    format!("{batch}-{number}-{}", "x".repeat(1_000)),
                )
            })
            .collect();
        store
            .commit(&"owner".into(), vec![], events)
            .await
            .expect("it is committed");
    }
    let broker = Arc::new(Broker::default());
    let begun = Instant::now();
    let relay = Relaying::start(&store, &broker);
    eventually("all are out", async || broker.taken().len() == EVENTS).await;
    let rate = f64::from(u32::try_from(EVENTS).expect("it is small")) / begun.elapsed().as_secs_f64();
    relay.stop().await;
    println!("{rate:.0} events of 1 kB a second through one relay");
    assert!(rate > 2_000.0, "{rate:.0} a second");
}
