//! Responses that are written while they are read.

use http::Request;
use http_body_util::{BodyExt, Full};

use crate::support::{Host, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_arrives_piece_by_piece_and_may_outlast_the_time_for_a_head() {
    let host = Host::with(&[("call_ms_max", 300), ("call_stream_ms_max", 60_000)]).await;
    let request = Request::get(host.url("/stream?pieces=5&ms=100"))
        .body(Full::default())
        .unwrap();
    let mut body = host.send(request).await.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = tokio::time::timeout(SOON, body.frame()).await.expect("a piece in time") {
        pieces.push(frame.unwrap().into_data().unwrap());
    }
    assert!(pieces.len() > 1, "in more than one piece");
    assert_eq!(pieces.concat(), b"piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_its_limit_and_is_not_passed_off_as_whole() {
    let host = Host::with(&[("call_ms_max", 200), ("call_stream_ms_max", 400)]).await;
    let request = Request::get(host.url("/stream?pieces=1000&ms=50"))
        .body(Full::default())
        .unwrap();
    let body = host.send(request).await.into_body();
    assert!(
        tokio::time::timeout(SOON, body.collect())
            .await
            .expect("an end in time")
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_the_middle_breaks_the_response_off() {
    let host = Host::with(&[]).await;
    let request = Request::get(host.url("/stream-trap")).body(Full::default()).unwrap();
    let body = host.send(request).await.into_body();
    assert!(
        tokio::time::timeout(SOON, body.collect())
            .await
            .expect("an end in time")
            .is_err()
    );
}
