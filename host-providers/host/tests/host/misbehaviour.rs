//! What one caller's request does to the component is that caller's trouble alone.

use http::{Request, StatusCode, header::RETRY_AFTER};
use http_body_util::Full;

use crate::support::{Host, assert_problem};

/// Sends the request while others go on, and returns what became of it.
async fn beside_others(host: &Host, path: &str) -> (StatusCode, String) {
    let others = async {
        for _ in 0..20 {
            assert_eq!(host.get("/hello").await, (StatusCode::OK, "hello".to_owned()));
        }
    };
    let (bad, ()) = tokio::join!(host.get(path), others);
    assert_eq!(host.get("/hello").await.0, StatusCode::OK, "and afterwards");
    bad
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_a_500() {
    let host = Host::with(&[]).await;
    assert_problem(beside_others(&host, "/trap").await, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_is_a_504_and_holds_no_worker() {
    let host = Host::with(&[("call_cpu_ms_max", 200)]).await;
    let loops = async {
        tokio::join!(
            host.get("/loop"),
            host.get("/loop"),
            host.get("/loop"),
            host.get("/loop")
        );
    };
    let (bad, ()) = tokio::join!(beside_others(&host, "/loop"), loops);
    assert_problem(bad, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(retry_after(&host, "/loop").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_allocation_is_a_500() {
    let host = Host::with(&[]).await;
    assert_problem(beside_others(&host, "/alloc").await, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_waiting_is_a_504() {
    let host = Host::with(&[("call_ms_max", 100)]).await;
    assert_problem(
        beside_others(&host, "/wait?ms=600000").await,
        StatusCode::GATEWAY_TIMEOUT,
    );
    // Who waited in vain may come again; who did not come to an end by itself will not the next time either.
    assert_eq!(retry_after(&host, "/wait?ms=600000").await, Some("1".to_owned()));
}

async fn retry_after(host: &Host, path: &str) -> Option<String> {
    let response = host
        .send(Request::get(host.url(path)).body(Full::default()).unwrap())
        .await;
    let after = response.headers().get(RETRY_AFTER)?;
    Some(after.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn large_instances_take_turns_and_all_are_served() {
    let host = Host::with(&[("large_instances_max", 1)]).await;
    let (a, b, c) = tokio::join!(
        host.get("/large?mib=20"),
        host.get("/large?mib=20"),
        host.get("/large?mib=20")
    );
    for (status, body) in [a, b, c] {
        assert_eq!((status, body.as_str()), (StatusCode::OK, "20971520"));
    }
}
