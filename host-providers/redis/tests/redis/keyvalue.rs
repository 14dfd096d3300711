//! What the interface promises, and what is particular to this provider.

use std::{sync::Arc, time::Duration};

use dayloom_ports::{KeyValue, limits::KEYVALUE_KEPT};
use dayloom_redis::RedisKeyValue;

use crate::support::{config, raw};

async fn open() -> ((), Arc<dyn KeyValue>) {
    ((), Arc::new(RedisKeyValue::connect(&config()).await.unwrap()))
}

dayloom_ports::keyvalue_conformance!(open);

#[tokio::test]
async fn every_write_keeps_an_entry_for_the_time_all_providers_keep_one() {
    let config = config();
    let store = RedisKeyValue::connect(&config).await.unwrap();
    let mut raw = raw(&config).await;
    let entry = format!("{}:kv:1:b:k", config.prefix);
    for write in ["set", "increment", "swap"] {
        match write {
            "set" => store.set("b", "k", b"1".to_vec()).await.unwrap(),
            "increment" => assert_eq!(store.increment("b", "k", 1).await, Ok(2)),
            _ => assert_eq!(
                store.compare_and_swap("b", "k", Some(b"2"), b"3".to_vec()).await,
                Ok(true)
            ),
        }
        let left: u64 = redis::cmd("PTTL").arg(&entry).query_async(&mut raw).await.unwrap();
        let left = Duration::from_millis(left);
        assert!(
            left <= KEYVALUE_KEPT && left > KEYVALUE_KEPT - Duration::from_secs(60),
            "{write}: {left:?}"
        );
        redis::cmd("PEXPIRE")
            .arg(&entry)
            .arg(1_000)
            .exec_async(&mut raw)
            .await
            .unwrap();
        store.get("b", "k").await.unwrap();
        let left: i64 = redis::cmd("PTTL").arg(&entry).query_async(&mut raw).await.unwrap();
        assert!(left <= 1_000, "reading {write} does not keep it longer");
    }
}

#[tokio::test]
async fn an_entry_whose_time_is_over_is_gone() {
    let config = config();
    let store = RedisKeyValue::connect(&config).await.unwrap();
    store.set("b", "k", b"1".to_vec()).await.unwrap();
    let entry = format!("{}:kv:1:b:k", config.prefix);
    redis::cmd("PEXPIRE")
        .arg(&entry)
        .arg(1)
        .exec_async(&mut raw(&config).await)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.get("b", "k").await, Ok(None));
    assert_eq!(store.list_keys("b", None).await, Ok((vec![], None)));
    assert_eq!(store.compare_and_swap("b", "k", None, b"2".to_vec()).await, Ok(true));
}

#[tokio::test]
async fn deployments_with_other_prefixes_and_two_hosts_of_one_deployment() {
    let config = config();
    let one = RedisKeyValue::connect(&config).await.unwrap();
    let two = RedisKeyValue::connect(&config).await.unwrap();
    let other = RedisKeyValue::connect(&crate::support::config()).await.unwrap();
    one.set("b", "k", b"7".to_vec()).await.unwrap();
    assert_eq!(two.increment("b", "k", 1).await, Ok(8));
    assert_eq!(one.get("b", "k").await, Ok(Some(b"8".to_vec())));
    assert_eq!(other.get("b", "k").await, Ok(None));
    assert_eq!(other.list_keys("b", None).await, Ok((vec![], None)));
}
