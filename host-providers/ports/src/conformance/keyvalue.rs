//! Entries in buckets.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::{
    KeyValue, KeyValueError,
    limits::{KEYVALUE_KEY_BYTES_MAX, KEYVALUE_PAGE_KEYS_MAX, KEYVALUE_VALUE_BYTES_MAX},
};

async fn set(store: &dyn KeyValue, bucket: &str, key: &str, value: &[u8]) {
    let set = store.set(bucket, key, value.to_vec()).await;
    set.expect("a value is set");
}

async fn get(store: &dyn KeyValue, bucket: &str, key: &str) -> Option<Vec<u8>> {
    store.get(bucket, key).await.expect("a value is read")
}

async fn page(store: &dyn KeyValue, bucket: &str, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    store.list_keys(bucket, cursor).await.expect("keys are listed")
}

fn is_invalid<T>(answer: Result<T, KeyValueError>) -> bool {
    matches!(answer, Err(KeyValueError::Invalid(_)))
}

/// The newest write is read, by nobody but its own bucket; removing is idempotent.
pub async fn what_is_set_is_read_in_its_bucket_only(store: &dyn KeyValue) {
    set(store, "a", "k", b"0").await;
    set(store, "a", "k", b"1").await;
    set(store, "b", "k", b"2").await;
    assert_eq!(get(store, "a", "k").await, Some(b"1".to_vec()));
    assert_eq!(get(store, "c", "k").await, None);
    for _ in 0..2 {
        assert_eq!(store.delete("a", "k").await, Ok(()));
    }
    assert_eq!(get(store, "a", "k").await, None);
    assert_eq!(get(store, "b", "k").await, Some(b"2".to_vec()));
}

/// However a name is split into bucket and key, it is another entry; so are names with characters that patterns use.
pub async fn names_never_meet(store: &dyn KeyValue) {
    let names = [
        ("", ""),
        ("", ":"),
        (":", ""),
        ("a", "b:c"),
        ("a:b", "c"),
        ("a:b:c", ""),
        ("1", "1:a"),
        ("1:1", "a"),
        ("*", "k"),
        ("?", "k"),
        ("[a]", "k"),
        ("\\", "k"),
        ("ä", "\u{0}\n*"),
    ];
    for (index, (bucket, key)) in names.iter().enumerate() {
        set(store, bucket, key, &[u8::try_from(index).expect("a few names")]).await;
    }
    for (index, (bucket, key)) in names.iter().enumerate() {
        let value = get(store, bucket, key).await.expect("each is there");
        assert_eq!(usize::from(value[0]), index, "{bucket:?} {key:?}");
        let listed: BTreeSet<_> = page(store, bucket, None).await.0.into_iter().collect();
        let own = names.iter().filter(|(other, _)| other == bucket);
        assert_eq!(listed, own.map(|(_, key)| (*key).to_owned()).collect(), "{bucket:?}");
    }
}

/// Any bytes are a value, none at all too.
pub async fn a_value_is_any_bytes(store: &dyn KeyValue) {
    let all: Vec<u8> = (0..=255).collect();
    for value in [&all[..], b"", b"\0", b"\r\n"] {
        set(store, "b", "k", value).await;
        assert_eq!(get(store, "b", "k").await.as_deref(), Some(value));
        let swapped = store.compare_and_swap("b", "k", Some(value), value.to_vec()).await;
        assert_eq!(swapped, Ok(true), "{value:?}");
    }
}

/// No increment is lost and no sum is returned twice.
pub async fn concurrent_increments_each_count(store: &dyn KeyValue) {
    let counting = (0..8).map(|_| async {
        let mut sums = Vec::new();
        for _ in 0..250 {
            sums.push(store.increment("b", "n", 1).await.expect("a number is incremented"));
        }
        sums
    });
    let sums: BTreeSet<i64> = join_all(counting).await.into_iter().flatten().collect();
    assert_eq!(sums, (1..=2_000).collect());
    assert_eq!(get(store, "b", "n").await, Some(b"2000".to_vec()));
}

/// At both ends of 64 bits, and over; anything else than a number stays as it is.
pub async fn an_increment_needs_a_number_that_fits(store: &dyn KeyValue) {
    for (end, past) in [(i64::MIN, -1), (i64::MAX, 1)] {
        store.delete("b", "n").await.expect("a key is removed");
        assert_eq!(store.increment("b", "n", end).await, Ok(end));
        assert!(is_invalid(store.increment("b", "n", past).await));
        assert_eq!(store.increment("b", "n", -past).await, Ok(end - past));
        assert_eq!(
            get(store, "b", "n").await,
            Some((end - past).to_string().into_bytes()),
            "exact"
        );
    }
    for value in [&b"seven"[..], b"", b"1.5", b"+1", b"01", b"-0", b" 1", b"1e3", &[0xff]] {
        set(store, "b", "n", value).await;
        assert!(is_invalid(store.increment("b", "n", 1).await), "{value:?}");
        assert_eq!(get(store, "b", "n").await.as_deref(), Some(value), "unchanged");
    }
}

/// Absent, empty and another value are three things.
pub async fn a_swap_happens_only_from_the_value_that_was_seen(store: &dyn KeyValue) {
    let swap =
        async |current: Option<&[u8]>, value: &[u8]| store.compare_and_swap("b", "k", current, value.into()).await;
    assert_eq!(swap(Some(b""), b"1").await, Ok(false));
    assert_eq!(get(store, "b", "k").await, None);
    assert_eq!(swap(None, b"1").await, Ok(true));
    assert_eq!(swap(None, b"2").await, Ok(false));
    assert_eq!(swap(Some(b"1"), b"2").await, Ok(true));
    assert_eq!(swap(Some(b"1"), b"3").await, Ok(false));
    assert_eq!(get(store, "b", "k").await, Some(b"2".to_vec()));
}

/// Of all who saw the same value, one succeeds.
pub async fn one_of_many_swaps_wins(store: &dyn KeyValue) {
    let swaps = (0..16_u8).map(|n| store.compare_and_swap("b", "k", None, vec![n]));
    let won: Vec<usize> = join_all(swaps)
        .await
        .into_iter()
        .enumerate()
        .filter_map(|(n, swapped)| swapped.expect("a swap is decided").then_some(n))
        .collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(
        get(store, "b", "k").await,
        Some(vec![u8::try_from(won[0]).expect("16")])
    );
}

/// A full last page has no cursor; one key more makes another page.
pub async fn keys_are_listed_in_order_a_page_at_a_time(store: &dyn KeyValue) {
    assert_eq!(page(store, "b", None).await, (vec![], None));
    let all: Vec<String> = (0..2 * KEYVALUE_PAGE_KEYS_MAX).map(|n| format!("{n:04}")).collect();
    for some in all.chunks(100) {
        join_all(some.iter().map(|key| set(store, "b", key, b""))).await;
    }
    set(store, "other", "0000a", b"").await;
    let (first, cursor) = page(store, "b", None).await;
    assert_eq!((&first[..], cursor.as_deref()), (&all[..1_000], Some("0999")));
    assert_eq!(page(store, "b", Some("0999")).await, (all[1_000..].to_vec(), None));
    set(store, "b", "2000", b"").await;
    let (second, cursor) = page(store, "b", Some("0999")).await;
    assert_eq!((second.len(), cursor.as_deref()), (1_000, Some("1999")));
    assert_eq!(page(store, "b", Some("1999")).await, (vec!["2000".to_owned()], None));
    store.delete("b", "2000").await.expect("a key is removed");
    assert_eq!(page(store, "b", Some("1999")).await, (vec![], None));
}

/// Every limit: at it, and one past it.
pub async fn keys_and_values_have_limits(store: &dyn KeyValue) {
    let (key, value) = ("k".repeat(KEYVALUE_KEY_BYTES_MAX), vec![0; KEYVALUE_VALUE_BYTES_MAX]);
    set(store, &key, &key, &value).await;
    assert_eq!(get(store, &key, &key).await, Some(value.clone()));
    assert_eq!(
        store.compare_and_swap(&key, &key, Some(&value), value.clone()).await,
        Ok(true)
    );
    assert_eq!(page(store, &key, None).await, (vec![key.clone()], None));

    let (long_key, long_value) = (key + "k", vec![0; KEYVALUE_VALUE_BYTES_MAX + 1]);
    let refused = [
        store.set("b", &long_key, vec![]).await,
        store.set(&long_key, "k", vec![]).await,
        store.set("b", "k", long_value.clone()).await,
        store.get("b", &long_key).await.map(drop),
        store.delete("b", &long_key).await,
        store.increment("b", &long_key, 1).await.map(drop),
        store.compare_and_swap("b", "k", None, long_value).await.map(drop),
        store.list_keys("b", Some(&long_key)).await.map(drop),
        store.list_keys(&long_key, None).await.map(drop),
    ];
    for answer in refused {
        assert!(is_invalid(answer.clone()), "{answer:?}");
    }
    assert_eq!(get(store, "b", "k").await, None);
}

/// Ready when it works.
pub async fn ready_says_so(store: &dyn KeyValue) {
    assert_eq!(store.ready().await, Ok(()));
}
