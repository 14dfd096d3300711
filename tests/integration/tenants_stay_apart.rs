//! Nothing of one user ever reaches another, though both are served by the same instance in turn.

use std::time::Duration;

use dayloom_tests::{Host, LiveSocket, Seen};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn two_users_alternating_on_one_instance_see_only_their_own() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let ben = host.client().sign_up("ben").await;
    // One request at a time from here on, so that one warm instance serves them all in turn.
    for n in 0..20 {
        for client in [&ana, &ben] {
            let task = client
                .create_task(json!({ "title": format!("{} {n}", client.user().id) }))
                .await;
            assert_eq!(task["user_id"], client.user().id.as_str());
            let tasks = client.all("/tasks").await;
            assert_eq!(tasks.len(), n + 1);
            assert!(tasks.iter().all(|task| {
                task["title"]
                    .as_str()
                    .is_some_and(|title| title.starts_with(&client.user().id))
            }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_path_is_forbidden_and_tells_nothing() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let ben = host.client().sign_up("ben").await;
    let task = ana.create_task(json!({ "title": "private" })).await;
    let existing = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let missing = "/tasks/0193a1b2-0000-7000-8000-000000000000".to_owned();
    let mut bodies = Vec::new();
    for rest in [
        existing,
        missing,
        "/tasks".into(),
        "/audit-logs".into(),
        "/notifications".into(),
    ] {
        let path = format!("/api/{}{rest}", ana.user().id);
        let answer = ben.get(&path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        bodies.push(answer.json);
        assert_eq!(
            host.client().get(&path).await.status,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the answer depends on what exists: {bodies:?}");
    let stream = ben.get(&format!("/api/sse/{}", ana.user().id)).await;
    assert_eq!(stream.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_connections_hear_their_own_user_only() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let ben = host.client().sign_up("ben").await;
    let mut anas = LiveSocket::connect(host.address(), &ana).await.expect("a connection");
    let mut bens = LiveSocket::connect(host.address(), &ben).await.expect("a connection");
    for n in 0..10 {
        ana.create_task(json!({ "title": format!("ana {n}") })).await;
        ben.create_task(json!({ "title": format!("ben {n}") })).await;
    }
    for (socket, client) in [(&mut anas, &ana), (&mut bens, &ben)] {
        for _ in 0..10 {
            let Seen::Event(event) = socket.next().await else {
                panic!("an event was expected")
            };
            assert_eq!(event["data"]["user_id"], client.user().id.as_str());
        }
        assert_eq!(socket.next_within(Duration::from_millis(200)).await, None);
    }
}
