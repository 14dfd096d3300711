//! Live connections: the component says who may listen, the host holds the line.

use futures::{SinkExt, StreamExt};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::support::{Host, SOON};

async fn broadcast(host: &Host, user: &str, event: &str) {
    let message = json!({ "user": user, "event": event });
    assert_eq!(host.post("/broadcast", message.to_string()).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_stream_carries_events_and_none_of_the_grip_headers() {
    let host = Host::with(&[]).await;
    let request = Request::get(host.url("/hold/ana")).header("authorization", "Bearer ana");
    let response = host.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(
        response
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("grip-"))
    );
    broadcast(&host, "ben", "not-hers").await;
    broadcast(&host, "ana", "hers").await;
    let mut body = response.into_body();
    let mut heard = String::new();
    while !heard.contains("hers") {
        let frame = tokio::time::timeout(SOON, body.frame())
            .await
            .expect("an event in time")
            .unwrap()
            .unwrap();
        heard.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    assert!(!heard.contains("not-hers"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_listen_gets_the_components_answer() {
    let host = Host::with(&[]).await;
    assert_eq!(host.get("/hold/ana").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_authorized_by_the_component() {
    let host = Host::with(&[]).await;
    let url = format!("ws://{}/hold/ana", host.address);
    let mut request = url.as_str().into_client_request().unwrap();
    let offer = "dayloom.v1, bearer.ana".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", offer);
    let (mut socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "dayloom.v1");
    let mut next = async || {
        let message = tokio::time::timeout(SOON, socket.next())
            .await
            .expect("a message in time");
        serde_json::from_str::<Value>(message.unwrap().unwrap().to_text().unwrap()).unwrap()
    };
    assert_eq!(next().await["type"], "ready", "the component has been asked");
    broadcast(&host, "ana", "hers").await;
    let message = next().await;
    assert_eq!(
        (&message["type"], &message["event"]["id"]),
        (&json!("event"), &json!("hers"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_with_a_bad_token_is_closed() {
    let host = Host::with(&[]).await;
    let (mut socket, _) = connect_async(format!("ws://{}/hold/ana", host.address)).await.unwrap();
    let token = json!({ "type": "auth", "token": "ben" }).to_string();
    socket.send(Message::text(token)).await.unwrap();
    let closed = async {
        loop {
            match socket.next().await {
                None | Some(Err(_)) => return,
                Some(Ok(Message::Close(_))) => return,
                Some(Ok(message)) => assert!(!message.to_string().contains("\"event\""), "{message}"),
            }
        }
    };
    tokio::time::timeout(SOON, closed).await.expect("closed in time");
}
