//! The sidecar's clock fires a reminder without any scheduler; however often it ticks, and whoever, each schedule runs once.

use std::time::Duration;

use dayloom_tests::{eventually_within, now_ms, rfc3339};
use futures::future::join_all;
use serde_json::json;

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
    cluster.remove().await;
}
