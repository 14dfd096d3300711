//! Queries beside each other and beside the writer.

use std::time::{Duration, Instant};

use dayloom_ports::conformance::fixture::{commit, insert, query};
use dayloom_ports::{StorageError, Value};
use futures::future::join_all;

use crate::support::open;

/// Counts up to 300,000: far past what may run inline, far below what is cut off.
const LONG: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n";

/// Never ends.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[tokio::test]
async fn a_long_query_gets_its_answer_and_does_not_hold_the_thread() {
    let (_dir, store) = open();
    let long = query(&*store, LONG);
    tokio::pin!(long);
    // On this runtime's only thread, short queries are answered while the long one is under way.
    let mut short = 0;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut long => break answer,
            one = query(&*store, "SELECT 1") => {
                assert!(one.is_ok());
                short += 1;
            }
        }
    };
    assert_eq!(answer, Ok(vec![vec![Value::Integer(300_000)]]));
    assert!(short > 10, "{short} short queries meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_queries_are_cut_off_and_leave_room_for_others() {
    let (_dir, store) = open();
    let started = Instant::now();
    let endless = join_all((0..3).map(|_| query(&*store, ENDLESS)));
    let others = async {
        for number in 0..50 {
            commit(&*store, [insert(&number.to_string())], [])
                .await
                .expect("the writer is free");
            query(&*store, "SELECT count(*) FROM things")
                .await
                .expect("a connection is free");
        }
        started.elapsed()
    };
    let (endless, others_took) = tokio::join!(endless, others);
    assert!(others_took < Duration::from_secs(4), "{others_took:?}");
    assert!(started.elapsed() >= Duration::from_secs(4));
    for answer in endless {
        assert!(matches!(answer, Err(StorageError::Unavailable(_))), "{answer:?}");
    }
}
