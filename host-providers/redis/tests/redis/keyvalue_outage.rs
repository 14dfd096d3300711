//! Key-value while the server is away, silent, full, empty or another one.

use std::time::Duration;

use dayloom_ports::{KeyValue, KeyValueError};
use dayloom_redis::{RedisConfig, RedisKeyValue};
use tokio::time::Instant;

use crate::support::{Server, eventually, raw};

/// A call that fails because there is no connection waits for nothing.
const AT_ONCE: Duration = Duration::from_millis(100);

fn is_unavailable<T>(answer: &Result<T, KeyValueError>) -> bool {
    matches!(answer, Err(KeyValueError::Unavailable(_)))
}

async fn every_call_fails_at_once(store: &RedisKeyValue) {
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(is_unavailable(&store.get("b", "k").await));
        assert!(is_unavailable(&store.set("b", "k", b"1".to_vec()).await));
        assert!(is_unavailable(&store.delete("b", "k").await));
        assert!(is_unavailable(&store.increment("b", "k", 1).await));
        assert!(is_unavailable(&store.compare_and_swap("b", "k", None, vec![]).await));
        assert!(is_unavailable(&store.list_keys("b", None).await));
        assert!(store.ready().await.is_err());
    }
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_at_once_and_used_again_when_it_is_back() {
    let mut server = Server::start(&[]).await;
    let store = RedisKeyValue::connect(&server.config()).await.unwrap();
    store.set("b", "k", b"1".to_vec()).await.unwrap();
    for _ in 0..2 {
        server.kill();
        eventually("it is noticed", async || is_unavailable(&store.get("b", "k").await)).await;
        every_call_fails_at_once(&store).await;
        server.up().await;
        eventually("it goes on", async || store.ready().await.is_ok()).await;
        assert_eq!(store.get("b", "k").await, Ok(None), "nothing was saved");
        assert_eq!(
            store.increment("b", "k", 1).await,
            Ok(1),
            "the scripts are loaded again"
        );
    }
}

#[tokio::test]
async fn a_host_starts_before_its_server() {
    let mut server = Server::start(&[]).await;
    server.kill();
    let store = RedisKeyValue::connect(&server.config()).await.unwrap();
    every_call_fails_at_once(&store).await;
    server.up().await;
    eventually("it goes on", async || store.ready().await.is_ok()).await;
    assert_eq!(store.get("b", "k").await, Ok(None));
}

#[tokio::test]
async fn a_silent_server_costs_one_time_limit_and_then_nothing() {
    let server = Server::start(&[]).await;
    let config = RedisConfig {
        response_ms_max: 300,
        connect_ms_max: 300,
        ..server.config()
    };
    let store = RedisKeyValue::connect(&config).await.unwrap();
    store.set("b", "k", b"1".to_vec()).await.unwrap();
    server.freeze();
    let begun = Instant::now();
    assert!(is_unavailable(&store.get("b", "k").await));
    assert!(begun.elapsed() < Duration::from_millis(1_000), "{:?}", begun.elapsed());
    every_call_fails_at_once(&store).await;
    server.thaw();
    eventually("it goes on", async || {
        store.get("b", "k").await == Ok(Some(b"1".to_vec()))
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_that_broke_is_replaced_before_anyone_asks() {
    let mut server = Server::start(&[]).await;
    let store = RedisKeyValue::connect(&server.config()).await.unwrap();
    server.kill();
    server.up().await;
    // A few pings later.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(store.get("b", "k").await, Ok(None), "the first call after the outage");
}

#[tokio::test]
async fn flushing_everything_and_every_script_is_survived() {
    let server = Server::start(&[]).await;
    let store = RedisKeyValue::connect(&server.config()).await.unwrap();
    let mut raw = raw(&server.config()).await;
    for _ in 0..3 {
        assert_eq!(store.increment("b", "n", 1).await, Ok(1));
        assert_eq!(store.compare_and_swap("b", "k", None, b"1".to_vec()).await, Ok(true));
        redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
        redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut raw).await.unwrap();
        assert_eq!(store.get("b", "k").await, Ok(None));
    }
}

#[tokio::test]
async fn a_full_server_refuses_writes_and_goes_on_answering() {
    let server = Server::start(&["--maxmemory", "2mb", "--maxmemory-policy", "noeviction"]).await;
    let store = RedisKeyValue::connect(&server.config()).await.unwrap();
    let value = vec![0; 60_000];
    let mut stored = 0;
    let refused = loop {
        match store.set("b", &stored.to_string(), value.clone()).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 1_000);
    };
    assert!(
        matches!(&refused, KeyValueError::Unavailable(reason) if reason.contains("OOM") || reason.contains("maxmemory")),
        "{refused}"
    );
    assert_eq!(store.get("b", "0").await, Ok(Some(value)), "still the same connection");
    store.delete("b", "0").await.unwrap();
}
