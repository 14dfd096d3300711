//! Limits of a request, the host's own paths, and what a component learns of its caller.

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::support::{Host, assert_problem, text};

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_body_goes_through_up_to_the_limit_and_not_one_byte_past_it() {
    let host = Host::with(&[]).await;
    let (status, body) = host.post("/echo", vec![b'x'; MIB]).await;
    assert_eq!((status, body.len()), (StatusCode::OK, MIB));
    assert_problem(
        host.post("/echo", vec![b'x'; MIB + 1]).await,
        StatusCode::PAYLOAD_TOO_LARGE,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_over_the_limit_is_a_431() {
    let host = Host::with(&[("request_head_bytes_max", 8192)]).await;
    let with = |bytes: usize| {
        Request::get(host.url("/hello"))
            .header("x-long", "x".repeat(bytes))
            .body(Full::default())
            .unwrap()
    };
    assert_eq!(host.send(with(8000)).await.status(), StatusCode::OK);
    assert_problem(
        text(host.send(with(8192)).await).await,
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_the_caller_is_carried_on_and_named_in_the_answer() {
    let host = Host::with(&[]).await;
    let request = Request::get(host.url("/headers"))
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("spin-client-addr", "1.1.1.1:1")
        .header("grip-hold", "stream");
    let response = host.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(response.headers()["x-request-id"], "0af7651916cd43dd8448eb211c80319c");
    let headers: serde_json::Value = serde_json::from_str(&text(response).await.1).unwrap();
    let trace = headers["traceparent"].as_str().unwrap();
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{trace}");
    assert!(!trace.contains("b7ad6b7169203331"), "a span of the host's own");
    assert!(
        headers["spin-client-addr"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{headers}"
    );
    assert!(headers.get("grip-hold").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_has_the_head_and_no_body() {
    let host = Host::with(&[]).await;
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(host.url("/hello"))
        .body(Full::default())
        .unwrap();
    let response = host.send(request).await;
    assert_eq!(
        (response.status(), &response.headers()["content-length"]),
        (StatusCode::OK, &"5".parse().unwrap())
    );
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_metrics_are_the_hosts_own() {
    let host = Host::with(&[]).await;
    assert_eq!(host.json("/health").await["status"], "ok");
    let ready = host.json("/health/ready").await;
    for binding in ["storage", "keyvalue", "broadcast"] {
        assert_eq!(ready["bindings"][binding]["status"], "ok", "{ready}");
    }
    host.get("/no/such/route?secret=1").await;
    let (_, metrics) = host.get("/metrics").await;
    assert!(
        metrics.contains(r#"dayloom_http_requests_total{route="probe",status="4xx"}"#),
        "{metrics}"
    );
    assert!(!metrics.contains("/no/such"), "no series has a path in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_gets_its_own_variables_and_buckets() {
    let host = Host::with(&[]).await;
    assert_eq!(host.json("/config?key=greeting").await, "hello world");
    assert_eq!(host.json("/config?key=other").await, serde_json::Value::Null);
    assert_eq!(host.json("/increment?bucket=default").await, 1);
    assert_eq!(host.json("/increment?bucket=default").await, 2);
    let (status, error) = host.get("/increment?bucket=secret").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(error.contains("AccessDenied"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_a_route_is_a_404() {
    let manifest = crate::support::MANIFEST.replace("route = \"/...\"", "route = \"/hello\"");
    let host = Host::start(crate::support::folder(&manifest), &[]).await.unwrap();
    assert_eq!(host.get("/hello").await.0, StatusCode::OK);
    assert_problem(host.get("/hello/").await, StatusCode::NOT_FOUND);
}
