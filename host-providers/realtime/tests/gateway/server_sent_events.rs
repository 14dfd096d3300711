//! The same messages as a stream of events.

use std::time::Duration;

use crate::support::{Server, event};
use dayloom_ports::{Broadcast, Message as Live};
use dayloom_realtime_gateway::{Gateway, GatewayConfig};
use http_body_util::BodyExt;

#[tokio::test]
async fn events_come_as_lines_and_resume_by_id() {
    let server = Server::start(GatewayConfig::default()).await;
    let mut stream = server.events("ana", "").await;
    stream.until("retry: 2000\nid: ").await;
    stream.until("\n\n").await;
    assert!(
        stream.seen.contains("content-type: text/event-stream\r\n"),
        "{}",
        stream.seen
    );
    let epoch = stream
        .seen
        .split_once("id: ")
        .unwrap()
        .1
        .split_once('-')
        .unwrap()
        .0
        .to_owned();

    server.send("ana", "e1", "{\n\"n\": 1\n}").await;
    server.send("bob", "b1", &event(9)).await;
    server.send("ana", "e2", &event(2)).await;
    stream
        .until(&format!(
            "id: {epoch}-1\nevent: event\ndata: {{\ndata: \"n\": 1\ndata: }}\n\n"
        ))
        .await;
    stream
        .until(&format!("id: {epoch}-2\nevent: event\ndata: {{\"n\":2}}\n\n"))
        .await;
    assert!(!stream.seen.contains("\"n\":9"));

    let mut resumed = server.events("ana", &format!("last-event-id: {epoch}-1\r\n")).await;
    resumed.until("data: {\"n\":2}\n\n").await;
    assert!(resumed.seen.contains(&format!("id: {epoch}-1\n\n")), "{}", resumed.seen);
    assert!(
        !resumed.seen.contains("event: reload") && !resumed.seen.contains("\"n\": 1"),
        "{}",
        resumed.seen
    );

    let mut lost = server.events("ana", "last-event-id: 0000000000000000-1\r\n").await;
    lost.until("event: reload\ndata: {\"type\":\"reload\"}\n\n").await;
    server.send("ana", "e3", &event(3)).await;
    lost.until(&format!("id: {epoch}-3\nevent: event\ndata: {{\"n\":3}}\n\n"))
        .await;
    assert!(!lost.seen.contains("\"n\":2"), "{}", lost.seen);
}

#[tokio::test]
async fn silence_is_broken_by_comments_until_the_credential_ends() {
    let config = GatewayConfig {
        heartbeat_every: Duration::from_millis(20),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    let mut stream = server.events("ana", "x-expires-ms: 200\r\n").await;
    stream.until(":\n\n").await;
    stream.until_end().await;
}

#[tokio::test]
async fn shutdown_ends_the_stream() {
    let server = Server::start(GatewayConfig::default()).await;
    let mut stream = server.events("ana", "").await;
    stream.until("retry:").await;
    server.gateway.shutdown().await;
    stream.until_end().await;
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_ended_and_memory_stays_bounded() {
    let gateway = Gateway::new(GatewayConfig {
        history_total_bytes_max: 10_000,
        ..GatewayConfig::default()
    });
    let mut behind = gateway
        .sse("ana", None, Duration::from_secs(60))
        .await
        .unwrap()
        .into_body();
    let mut other = gateway
        .sse("bob", None, Duration::from_secs(60))
        .await
        .unwrap()
        .into_body();
    behind.frame().await.unwrap().unwrap();
    other.frame().await.unwrap().unwrap();
    let live = |user_id: &str, event_id: &str, body: &str| Live {
        user_id: user_id.into(),
        event_id: event_id.into(),
        body: body.into(),
    };
    gateway.send(vec![live("ana", "a", &event(1))]).await.unwrap();
    let large = format!("\"{}\"", "x".repeat(4_000));
    for n in 0..10 {
        // Another user's messages push out the oldest of all.
        gateway.send(vec![live("bob", &n.to_string(), &large)]).await.unwrap();
        assert!(other.frame().await.unwrap().unwrap().into_data().unwrap().len() > 4_000);
    }
    assert!(behind.frame().await.is_none());
}
