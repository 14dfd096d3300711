//! Timers at rest.

use crate::{Job, JobStore};

fn job(name: &str, at: u64) -> Job {
    Job {
        component: "owner".into(),
        name: name.to_owned(),
        at,
        payload: "{}".to_owned(),
        attempts: 0,
    }
}

async fn due(store: &dyn JobStore, now: u64) -> Vec<(String, u64, u32)> {
    let jobs = store.due(now, 100).await.expect("jobs are read");
    jobs.into_iter().map(|job| (job.name, job.at, job.attempts)).collect()
}

async fn put(store: &dyn JobStore, job: Job) {
    store.put(job).await.expect("a job is put");
}

/// At or before the instant, and no more than asked for.
pub async fn due_jobs_come_earliest_first(store: &dyn JobStore) {
    for (name, at) in [("c", 30), ("a", 10), ("b", 20), ("d", 31)] {
        put(store, job(name, at)).await;
    }
    assert_eq!(
        due(store, 30).await,
        [("a".into(), 10, 0), ("b".into(), 20, 0), ("c".into(), 30, 0)]
    );
    assert_eq!(due(store, 9).await, []);
    assert_eq!(store.due(30, 2).await.map(|jobs| jobs.len()), Ok(2));
    assert_eq!(store.due(10, 1).await, Ok(vec![job("a", 10)]));
}

/// Repeating a call is harmless; the last one counts, with its attempts.
pub async fn a_job_of_the_same_name_is_replaced(store: &dyn JobStore) {
    put(
        store,
        Job {
            attempts: 3,
            ..job("a", 10)
        },
    )
    .await;
    put(
        store,
        Job {
            payload: "[1]".to_owned(),
            ..job("a", 20)
        },
    )
    .await;
    assert_eq!(
        store.due(100, 10).await,
        Ok(vec![Job {
            payload: "[1]".to_owned(),
            ..job("a", 20)
        }])
    );
}

/// Two components use one name without meeting.
pub async fn names_belong_to_their_component(store: &dyn JobStore) {
    put(store, job("a", 10)).await;
    put(
        store,
        Job {
            component: "stranger".into(),
            ..job("a", 20)
        },
    )
    .await;
    assert_eq!(due(store, 100).await.len(), 2);
    store.remove(&"stranger".into(), "a").await.expect("a job is removed");
    assert_eq!(due(store, 100).await, [("a".into(), 10, 0)]);
}

/// Removing what is not there succeeds.
pub async fn removing_is_idempotent(store: &dyn JobStore) {
    put(store, job("a", 10)).await;
    for _ in 0..2 {
        assert_eq!(store.remove(&"owner".into(), "a").await, Ok(()));
    }
    assert_eq!(due(store, 100).await, []);
}

/// Finishing removes; finishing again is harmless.
pub async fn a_job_that_ran_is_gone(store: &dyn JobStore) {
    put(store, job("a", 10)).await;
    for _ in 0..2 {
        assert_eq!(store.finish(&job("a", 10)).await, Ok(()));
    }
    assert_eq!(due(store, 100).await, []);
}

/// Neither finishing nor postponing the old one touches a job that was set anew meanwhile.
pub async fn a_job_replaced_while_it_ran_stays(store: &dyn JobStore) {
    let ran = job("a", 10);
    for anew in [
        job("a", 20),
        Job {
            payload: "[1]".to_owned(),
            ..job("a", 10)
        },
    ] {
        put(store, ran.clone()).await;
        put(store, anew.clone()).await;
        store.finish(&ran).await.expect("the old job is not there");
        store.postpone(&ran, 50).await.expect("the old job is not there");
        assert_eq!(store.due(100, 10).await, Ok(vec![anew]));
    }
}

/// At its new instant.
pub async fn a_failed_job_comes_again_with_one_attempt_more(store: &dyn JobStore) {
    put(store, job("a", 10)).await;
    store.postpone(&job("a", 10), 40).await.expect("the job is postponed");
    assert_eq!(due(store, 39).await, []);
    assert_eq!(due(store, 40).await, [("a".into(), 40, 1)]);
}

/// Every schedule by itself.
pub async fn a_later_tick_is_claimed(store: &dyn JobStore) {
    for (component, schedule, at) in [
        ("owner", "sweep", 60_000),
        ("owner", "sweep", 120_000),
        ("owner", "forget", 60_000),
        ("stranger", "sweep", 60_000),
        ("owner", "sweep", 300_000),
    ] {
        assert_eq!(
            store.claim_tick(&component.into(), schedule, at).await,
            Ok(true),
            "{at}"
        );
    }
}
