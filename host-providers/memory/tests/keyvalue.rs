//! What the interface promises.

use std::{collections::BTreeSet, sync::Arc};

use dayloom_memory::MemoryKeyValue;
use dayloom_ports::{KeyValue, KeyValueError};

#[tokio::test]
async fn what_is_set_is_read_in_its_bucket_only() {
    let store = MemoryKeyValue::new();
    store.set("a", "k", b"1".to_vec()).await.unwrap();
    store.set("b", "k", b"2".to_vec()).await.unwrap();
    assert_eq!(store.get("a", "k").await, Ok(Some(b"1".to_vec())));
    assert_eq!(store.get("c", "k").await, Ok(None));
    store.delete("a", "k").await.unwrap();
    store.delete("a", "k").await.unwrap();
    assert_eq!(
        (store.get("a", "k").await, store.get("b", "k").await),
        (Ok(None), Ok(Some(b"2".to_vec())))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_increments_each_count() {
    let store = Arc::new(MemoryKeyValue::new());
    let counters: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut sums = Vec::new();
                for _ in 0..1_000 {
                    sums.push(store.increment("b", "n", 1).await.unwrap());
                }
                sums
            })
        })
        .collect();
    let mut sums = BTreeSet::new();
    for counter in counters {
        sums.extend(counter.await.unwrap());
    }
    assert_eq!(sums, (1..=8_000).collect());
    assert_eq!(store.get("b", "n").await, Ok(Some(b"8000".to_vec())));
}

#[tokio::test]
async fn an_increment_needs_a_number_that_fits() {
    let store = MemoryKeyValue::new();
    assert_eq!(store.increment("b", "n", i64::MIN).await, Ok(i64::MIN));
    assert!(matches!(
        store.increment("b", "n", -1).await,
        Err(KeyValueError::Invalid(_))
    ));
    assert_eq!(store.increment("b", "n", 1).await, Ok(i64::MIN + 1));
    for value in [&b"seven"[..], b"", b"1.5", &[0xff]] {
        store.set("b", "n", value.to_vec()).await.unwrap();
        assert!(
            matches!(store.increment("b", "n", 1).await, Err(KeyValueError::Invalid(_))),
            "{value:?}"
        );
        assert_eq!(store.get("b", "n").await, Ok(Some(value.to_vec())), "unchanged");
    }
}

#[tokio::test]
async fn a_swap_happens_only_from_the_value_that_was_seen() {
    let store = MemoryKeyValue::new();
    let swap =
        async |current: Option<&[u8]>, value: &[u8]| store.compare_and_swap("b", "k", current, value.into()).await;
    assert_eq!(swap(Some(b""), b"1").await, Ok(false));
    assert_eq!(swap(None, b"1").await, Ok(true));
    assert_eq!(swap(None, b"2").await, Ok(false));
    assert_eq!(swap(Some(b"1"), b"2").await, Ok(true));
    assert_eq!(swap(Some(b"1"), b"3").await, Ok(false));
    assert_eq!(store.get("b", "k").await, Ok(Some(b"2".to_vec())));
}

#[tokio::test]
async fn keys_are_listed_in_order_a_page_at_a_time() {
    let store = MemoryKeyValue::new();
    assert_eq!(store.list_keys("b", None).await, Ok((vec![], None)));
    let all: Vec<_> = (0..2_000).map(|n| format!("{n:04}")).collect();
    for key in all.iter().rev() {
        store.set("b", key, vec![]).await.unwrap();
    }
    let (first, cursor) = store.list_keys("b", None).await.unwrap();
    assert_eq!((&first[..], cursor.as_deref()), (&all[..1_000], Some("0999")));
    assert_eq!(
        store.list_keys("b", cursor.as_deref()).await,
        Ok((all[1_000..].to_vec(), None))
    );
    store.set("b", "2000", vec![]).await.unwrap();
    let (second, cursor) = store.list_keys("b", cursor.as_deref()).await.unwrap();
    assert_eq!((second.len(), cursor.as_deref()), (1_000, Some("1999")));
    assert_eq!(
        store.list_keys("b", cursor.as_deref()).await,
        Ok((vec!["2000".to_owned()], None))
    );
}

#[tokio::test]
async fn keys_and_values_have_limits() {
    let store = MemoryKeyValue::new();
    let (key, value) = ("k".repeat(256), vec![0; 64 * 1024]);
    store.set(&key, &key, value.clone()).await.unwrap();
    assert_eq!(store.get(&key, &key).await, Ok(Some(value.clone())));
    assert_eq!(
        store.compare_and_swap(&key, &key, Some(&value), value.clone()).await,
        Ok(true)
    );

    let (long_key, long_value) = ("k".repeat(257), vec![0; 64 * 1024 + 1]);
    let refused = [
        store.set("b", &long_key, vec![]).await,
        store.set(&long_key, "k", vec![]).await,
        store.set("b", "k", long_value.clone()).await,
        store.get("b", &long_key).await.map(drop),
        store.delete("b", &long_key).await,
        store.increment("b", &long_key, 1).await.map(drop),
        store.compare_and_swap("b", "k", None, long_value).await.map(drop),
        store.list_keys("b", Some(&long_key)).await.map(drop),
    ];
    for answer in refused {
        assert!(matches!(answer, Err(KeyValueError::Invalid(_))), "{answer:?}");
    }
    assert_eq!(store.get("b", "k").await, Ok(None));
}
