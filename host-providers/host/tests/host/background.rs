//! Events, jobs and ticks reach the component's exports.

use std::time::{SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde_json::json;

use crate::support::Host;

async fn publish(host: &Host, id: &str, event_type: &str, note: &str) -> (StatusCode, String) {
    let event = json!({ "id": id, "event_type": event_type, "key": note, "note": note });
    host.post("/publish", event.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_reaches_its_subscriber() {
    let host = Host::with(&[]).await;
    let id = "01990000-0000-7000-8000-000000000001";
    assert_eq!(publish(&host, id, "probe.happened", "plain").await.0, StatusCode::OK);
    host.until_seen(|seen| seen.contains(&"event plain attempt 1".to_owned()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_while_handling_is_a_retry() {
    let host = Host::with(&[]).await;
    let id = "01990000-0000-7000-8000-000000000002";
    assert_eq!(
        publish(&host, id, "probe.happened", "trap-once").await.0,
        StatusCode::OK
    );
    let seen = host
        .until_seen(|seen| seen.contains(&"event trap-once attempt 2".to_owned()))
        .await;
    assert!(!seen.contains(&"event trap-once attempt 1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_manifest_does_not_allow_is_refused() {
    let host = Host::with(&[]).await;
    let id = "01990000-0000-7000-8000-000000000003";
    let (status, error) = publish(&host, id, "elsewhere.happened", "plain").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(error.contains("Invalid"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_runs_and_a_schedule_ticks() {
    let host = Host::with(&[]).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let timer = json!({ "name": "wake", "at": u64::try_from(now).unwrap() + 100 });
    assert_eq!(host.post("/schedule", timer.to_string()).await.0, StatusCode::OK);
    host.until_seen(|seen| seen.contains(&"job wake {}".to_owned()) && seen.contains(&"tick beat".to_owned()))
        .await;
}
