//! A caller's trace leads from its request to everything that came of it.

use dayloom_tests::{Host, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_trace_id_is_the_correlation_id_of_every_consequence() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let draft = json!({ "title": "traced", "due_date": "2039-05-01", "recurring_rule": "daily" });
    let task = ana.create_task(draft).await;
    let id = task["id"].as_str().expect("an id");

    let answer = ana
        .request(Method::PATCH, &ana.own(&format!("/tasks/{id}/complete")))
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-request-id"], TRACE);

    // The completion, and the next occurrence that another component made of it.
    let entries = eventually("both are in the trail", || async {
        let all = ana.all("/audit-logs").await;
        let traced: Vec<_> = all
            .into_iter()
            .filter(|entry| entry["correlation_id"] == TRACE)
            .collect();
        (traced.len() == 2).then_some(traced)
    })
    .await;
    let types: Vec<&Value> = entries.iter().map(|entry| &entry["event_type"]).collect();
    assert!(
        types.contains(&&json!("com.todo.task.completed")) && types.contains(&&json!("com.todo.task.created")),
        "{types:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_trace_each_request_gets_one_of_its_own() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let mut ids = Vec::new();
    for n in 0..2 {
        let answer = ana
            .post(&ana.own("/tasks"), &json!({ "title": format!("task {n}") }))
            .await;
        ids.push(answer.header("x-request-id").to_owned());
    }
    assert_ne!(ids[0], ids[1]);
    eventually("the trail names both requests", || async {
        let trail = ana.all("/audit-logs").await;
        let named = |id: &String| trail.iter().any(|entry| entry["correlation_id"] == id.as_str());
        ids.iter().all(named).then_some(())
    })
    .await;
}
