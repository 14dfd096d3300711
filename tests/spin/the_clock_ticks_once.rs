//! The sidecar's clock fires a reminder without any scheduler; however often it ticks, and whoever, each schedule runs once.

use std::{collections::BTreeMap, time::Duration};

use dayloom_tests::{eventually_within, now_ms, rfc3339};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// The sidecar ticks once a minute, and the sweep is due once a minute.
const FIRED_WITHIN: Duration = Duration::from_secs(130);
/// Ticks at the same moment.
const TICKS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_ticks_once() {
    let cluster = Cluster::start().await;
    let ana = cluster.client().sign_up("ana").await;
    let at = now_ms() + 1_000;
    let draft = json!({ "title": "soon", "reminders": [{ "reminder_at": rfc3339(at) }] });
    ana.create_task(draft).await;
    // Nobody but the sidecars ticks here.
    eventually_within(FIRED_WITHIN, "the notification of the reminder", || async {
        ana.all("/notifications").await.pop()
    })
    .await;
    assert!(now_ms() >= at, "the reminder was early");

    let at = now_ms() + 500;
    let draft = json!({ "title": "again", "reminders": [{ "reminder_at": rfc3339(at) }] });
    ana.create_task(draft).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    eventually_within(FIRED_WITHIN, "the second notification", || async {
        let ticks = (0..TICKS).map(|_| cluster.as_sidecar("notifications", "/cron").send());
        for answer in join_all(ticks).await {
            let status = answer.expect("an answer").status();
            assert!(status.is_success(), "{status}\n{}", cluster.logs());
        }
        let all = ana.all("/notifications").await;
        (all.len() >= 2).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        ana.all("/notifications").await.len(),
        2,
        "each reminder became one notification"
    );

    // A schedule that has not run yet is due at once, for all of them.
    let tables = cluster.tables().await;
    eventually_within(FIRED_WITHIN, "a tick of the schedules", || async {
        tables
            .execute("DELETE FROM host_ticks WHERE component = 'notifications'")
            .await;
        let ticks = (0..TICKS).map(|_| cluster.as_sidecar("notifications", "/cron").send());
        let mut ticked = BTreeMap::<String, usize>::new();
        for answer in join_all(ticks).await {
            let answer: Value = answer.expect("an answer").json().await.expect("it says what ran");
            // By its schedule and the time it was due: between two looks the next minute may begin.
            for tick in answer["ticked"].as_array().expect("the ticks that ran") {
                *ticked.entry(tick.to_string()).or_default() += 1;
            }
        }
        assert!(ticked.values().all(|&times| times == 1), "{ticked:?}");
        // Else the sidecar's own tick was first.
        (!ticked.is_empty()).then_some(())
    })
    .await;
    drop(tables);
    cluster.remove().await;
}
