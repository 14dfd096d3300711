//! HTTP/2 without TLS, by prior knowledge, is served like HTTP/1.1.

use dayloom_tests::{Answer, Client, Host};
use futures::future::join_all;
use reqwest::{Method, Version};
use serde_json::json;

/// Streams at once on the one connection.
const STREAMS: usize = 40;

async fn send(client: &Client, method: Method, path: &str, body: Option<&serde_json::Value>) -> (Version, Answer) {
    let request = client.request(method, path);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    let response = request.send().await.expect("an answer");
    (response.version(), Answer::of(response).await.expect("a whole answer"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_requests_have_the_same_answers() {
    let host = Host::start().await;
    let one = host.client().sign_up("ana").await;
    let two = Client::of_http2(host.address()).as_user(one.user().clone());

    let draft = json!({ "title": "over either" });
    let tasks = one.own("/tasks");
    for (client, version) in [(&one, Version::HTTP_11), (&two, Version::HTTP_2)] {
        let (spoken, created) = send(client, Method::POST, &tasks, Some(&draft)).await;
        assert_eq!(spoken, version);
        assert_eq!(created.status, 201, "{created:?}");
        assert_eq!(created.header("etag"), "\"1\"");
        let (_, read) = send(client, Method::GET, created.header("location"), None).await;
        assert_eq!((read.status.as_u16(), &read.json), (200, &created.json));
        let (_, bad) = send(client, Method::POST, &tasks, Some(&json!({ "title": "" }))).await;
        assert_eq!(bad.status, 422, "{bad:?}");
        assert_eq!(bad.header("content-type"), "application/problem+json");
        let (_, page) = send(client, Method::GET, "/", None).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    }
    let anonymous = Client::of_http2(host.address());
    assert_eq!(send(&anonymous, Method::GET, &tasks, None).await.1.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_connection_do_not_wait_for_each_other() {
    let host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let two = Client::of_http2(host.address()).as_user(ana.user().clone());
    let creates = (0..STREAMS).map(|n| two.create_task(json!({ "title": format!("stream {n}") })));
    join_all(creates).await;
    assert_eq!(ana.all("/tasks").await.len(), STREAMS);
}
