//! Instances are reused one call at a time, so often and no longer than the limits say.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::Full;

use crate::support::{Host, SOON, assert_problem, text};

/// Which instance answered, and its how-manieth answer it was.
async fn count(host: &Host) -> (String, u64) {
    let counted = host.json("/count").await;
    (
        counted["instance"].as_str().unwrap().to_owned(),
        counted["count"].as_u64().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_reused_up_to_its_number_of_calls() {
    let host = Host::with(&[("instance_calls_max", 3), ("background_calls_max", 1)]).await;
    // The tick at the start is a call too; from here on all calls are ours.
    host.until_seen(|seen| seen.contains(&"tick beat".to_owned())).await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(count(&host).await);
    }
    let most = answers.iter().map(|(_, count)| *count).max();
    assert_eq!(most, Some(3), "{answers:?}");
    let mut instances: Vec<_> = answers.iter().map(|(instance, _)| instance).collect();
    instances.dedup();
    assert!((4..=6).contains(&instances.len()), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_instance_is_given_back() {
    let host = Host::with(&[("instance_idle_ms_max", 50)]).await;
    let (first, _) = count(&host).await;
    let replaced = async {
        loop {
            // Longer than the limit and the look for it, so that only the limit can keep the instance from staying.
            tokio::time::sleep(Duration::from_millis(200)).await;
            if count(&host).await.0 != first {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, replaced)
        .await
        .expect("another instance in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_not_used_again_after_a_trap_a_timeout_or_growth() {
    let host = Host::with(&[("call_ms_max", 500), ("instances_max", 1)]).await;
    for bad in ["/trap", "/wait?ms=600000", "/large?mib=20"] {
        let (before, _) = count(&host).await;
        host.get(bad).await;
        let (after, counted) = count(&host).await;
        assert_ne!(before, after, "{bad}");
        assert_eq!(counted, 1, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_frees_its_instance_at_once() {
    let host = Host::with(&[
        ("instances_max", 1),
        ("instance_wait_ms_max", 15_000),
        ("call_ms_max", 600_000),
        ("call_stream_ms_max", 600_000),
    ])
    .await;
    let (before, _) = count(&host).await;
    let leaving = tokio::net::TcpStream::connect(host.address).await.unwrap();
    leaving.writable().await.unwrap();
    leaving
        .try_write(b"GET /wait?ms=600000 HTTP/1.1\r\nhost: probe\r\n\r\n")
        .unwrap();
    drop(leaving);
    let (after, _) = tokio::time::timeout(SOON, count(&host))
        .await
        .expect("an instance in time");
    assert!(!before.is_empty() && !after.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_queue_are_told_to_come_again() {
    let limits = [
        ("instances_max", 1),
        ("instance_queue_max", 1),
        ("instance_wait_ms_max", 50),
        ("background_calls_max", 1),
    ];
    let host = Host::with(&limits).await;
    host.until_seen(|seen| seen.contains(&"tick beat".to_owned())).await;
    let (busy, refused) = tokio::join!(host.get("/wait?ms=1000"), async {
        // Asked until the first request has the instance, which it keeps for a second.
        loop {
            let request = Request::get(host.url("/hello")).body(Full::default()).unwrap();
            let response = host.send(request).await;
            if response.status() != StatusCode::OK {
                return response;
            }
        }
    });
    assert_eq!(busy, (StatusCode::OK, "waited".to_owned()));
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_problem(text(refused).await, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_one_user_reaches_another_through_a_shared_instance() {
    let host = Host::with(&[("instances_max", 1)]).await;
    for turn in 0..50 {
        let user = ["ana", "ben"][turn % 2];
        let request = Request::get(host.url("/headers")).header("authorization", format!("Bearer {user}"));
        let (_, headers) = text(host.send(request.body(Full::default()).unwrap()).await).await;
        assert!(headers.contains(&format!("Bearer {user}")), "{headers}");
        let other = ["ben", "ana"][turn % 2];
        assert!(!headers.contains(other), "{headers}");
    }
}
