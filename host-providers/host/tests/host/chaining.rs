//! Components reach one another by name, where the manifest allows it, and nothing else.

use http::StatusCode;

use crate::support::Host;

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_component_answers_and_carries_the_trace_on() {
    let host = Host::with(&[]).await;
    let answer = host.json("/call?url=http://second.spin.internal/headers").await;
    assert_eq!(answer["status"], 200);
    assert!(answer["body"].as_str().unwrap().contains("traceparent"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_refused() {
    let host = Host::with(&[]).await;
    let elsewhere = format!("http://{}/hello", host.address);
    for url in [
        "http://other.spin.internal/hello",
        "https://second.spin.internal/hello",
        elsewhere.as_str(),
    ] {
        let (status, body) = host.get(&format!("/call?url={url}")).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{url}");
        assert!(body.contains("HttpRequestDenied"), "{url}: {body}");
    }
    // `other` itself has no rule at all.
    let through = "/call?url=http://second.spin.internal/call?url=http://probe.spin.internal/hello";
    let answer = host.json(through).await;
    assert_eq!(answer["status"], 502, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_components_ends() {
    let host = Host::with(&[("call_depth_max", 2)]).await;
    let inner = "http://probe.spin.internal/hello";
    let once = format!("http://probe.spin.internal/call?url={inner}");
    let allowed = host.json(&format!("/call?url={once}")).await;
    assert_eq!(allowed["status"], 200, "{allowed}");
    let deeper = host
        .get(&format!("/call?url=http://probe.spin.internal/call?url={once}"))
        .await
        .1;
    assert!(deeper.contains("LoopDetected"), "{deeper}");
}
