//! What the interface promises.

use std::{collections::BTreeSet, sync::Arc};

use dayloom_memory::MemoryKeyValue;
use dayloom_ports::KeyValue;

async fn open() -> ((), Arc<dyn KeyValue>) {
    ((), Arc::new(MemoryKeyValue::new()))
}

dayloom_ports::keyvalue_conformance!(open);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn increments_of_several_threads_each_count() {
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
