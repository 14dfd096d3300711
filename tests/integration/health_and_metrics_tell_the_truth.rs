//! What probes and dashboards read.

use dayloom_tests::{Host, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn health_is_ready_with_each_binding() {
    let host = Host::start().await;
    let client = host.client();
    let live = client.get("/health").await;
    assert_eq!((live.status.as_u16(), live.json), (200, json!({ "status": "ok" })));
    let ready = client.get("/health/ready").await;
    let ok = json!({ "status": "ok" });
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.json,
        json!({ "status": "ok", "bindings": { "storage": ok, "keyvalue": ok, "broadcast": ok } })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    for n in 0..3 {
        ana.create_task(json!({ "title": format!("task {n}") })).await;
    }
    assert_eq!(ana.get(&ana.own("/tasks?limit=0")).await.status, 422);
    let text = eventually("three events are delivered to the trail", || async {
        let response = ana
            .request(reqwest::Method::GET, "/metrics")
            .send()
            .await
            .expect("an answer");
        let format = response.headers()["content-type"].to_str().expect("ASCII").to_owned();
        assert!(format.starts_with("text/plain; version=0.0.4"), "{format}");
        let text = response.text().await.expect("a whole answer");
        let delivered = sum(
            &text,
            "dayloom_deliveries_total",
            &["subscriber=\"audit\"", "outcome=\"done\""],
        );
        (delivered >= 3.0).then_some(text)
    })
    .await;
    let requests = |status: &str| sum(&text, "dayloom_http_requests_total", &["route=\"tasks\"", status]);
    assert_eq!((requests("status=\"2xx\""), requests("status=\"4xx\"")), (3.0, 1.0));
    assert_eq!(
        sum(
            &text,
            "dayloom_http_request_duration_seconds_count",
            &["route=\"tasks\""]
        ),
        4.0
    );
    // Sign-up, three tasks, and what the subscribers wrote.
    assert!(sum(&text, "dayloom_storage_commit_seconds_count", &[]) >= 4.0);
    // Paths and users would make as many series as there are users.
    assert!(!text.contains(&ana.user().id), "a user's id is in a label");
}

/// The sum over a metric's series that have all of these labels.
fn sum(text: &str, name: &str, labels: &[&str]) -> f64 {
    text.lines()
        .filter_map(|line| line.strip_prefix(name))
        .filter(|series| series.starts_with(['{', ' ']) && labels.iter().all(|label| series.contains(label)))
        .filter_map(|series| series.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
