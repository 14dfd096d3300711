//! A gateway over a log that others write to as well.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use dayloom_ports::live::Position;
use dayloom_ports::{Broadcast, BroadcastError, Message};
use dayloom_realtime_gateway::{Feed, Gateway, GatewayConfig};

use crate::support::{Server, event, next, say};

/// A log that is away; what it has is handed over by the test.
struct Away;

#[async_trait]
impl Broadcast for Away {
    async fn send(&self, _: Vec<Message>) -> Result<(), BroadcastError> {
        Err(BroadcastError::Unavailable("away".into()))
    }

    async fn ready(&self) -> Result<(), String> {
        Err("away".into())
    }
}

fn at(epoch: u64, number: u64) -> Position {
    Position { epoch, number }
}

async fn start() -> (Server, Feed) {
    let (gateway, feed) = Gateway::over(GatewayConfig::default(), Arc::new(Away));
    (Server::serve(gateway).await, feed)
}

fn push(feed: &Feed, number: u64) {
    let n = u32::try_from(number).unwrap();
    let message = Message {
        user_id: "ana".into(),
        event_id: format!("e{number}"),
        body: event(n),
    };
    feed.push(number, message);
}

#[tokio::test]
async fn a_log_that_begins_anew_is_a_new_place_and_a_reload() {
    let (server, feed) = start().await;
    feed.begin(at(7, 10));
    feed.caught_up();
    let (mut socket, ready) = server.connect("ana:60000").await;
    assert_eq!(ready, at(7, 10).to_string());
    let mut stream = server.events("ana", "").await;
    stream.until(&format!("id: {ready}\n\n")).await;
    push(&feed, 12);
    assert_eq!(next(&mut socket).await["id"], at(7, 12).to_string());

    let anew = at(8, 3).to_string();
    feed.begin(at(8, 3));
    assert_eq!(
        next(&mut socket).await,
        serde_json::json!({"type": "ready", "id": anew})
    );
    assert_eq!(next(&mut socket).await, serde_json::json!({"type": "reload"}));
    stream.until(&format!("id: {anew}\n\nevent: reload\n")).await;
    push(&feed, 4);
    assert_eq!(next(&mut socket).await["event"]["n"], 4);
    stream.until(&event(4)).await;
}

#[tokio::test]
async fn who_has_seen_more_elsewhere_is_told_so_and_gets_nothing_twice() {
    let (server, feed) = start().await;
    feed.begin(at(7, 10));
    push(&feed, 12);
    feed.caught_up();
    let (mut socket, ready) = server.connect("ana:60000").await;
    assert_eq!(ready, at(7, 12).to_string());
    let ahead = at(7, 20).to_string();
    say(&mut socket, &format!(r#"{{"type":"resume","after":"{ahead}"}}"#)).await;
    assert_eq!(
        next(&mut socket).await,
        serde_json::json!({"type": "ready", "id": ahead})
    );
    for number in [15, 20, 21] {
        push(&feed, number);
    }
    assert_eq!(next(&mut socket).await["event"]["n"], 21);
}

#[tokio::test]
async fn who_comes_before_the_log_is_read_resumes_all_the_same() {
    let (server, feed) = start().await;
    let resuming = format!("last-event-id: {}\r\n", at(7, 11));
    let reading = async {
        // Both are waiting by then; if they are not, they find the log read.
        tokio::time::sleep(Duration::from_millis(100)).await;
        feed.begin(at(7, 10));
        for number in [11, 12] {
            push(&feed, number);
        }
        feed.caught_up();
    };
    let ((mut socket, ready), mut stream, ()) =
        tokio::join!(server.connect("ana:60000"), server.events("ana", &resuming), reading);
    assert_eq!(ready, at(7, 12).to_string());
    say(&mut socket, &format!(r#"{{"type":"resume","after":"{}"}}"#, at(7, 11))).await;
    assert_eq!(next(&mut socket).await["event"]["n"], 12);
    stream.until(&event(12)).await;
    assert!(!stream.seen.contains("reload"), "{}", stream.seen);
}

#[tokio::test]
async fn who_comes_while_the_log_is_away_is_told_to_reload_when_it_is_there() {
    let (server, feed) = start().await;
    let (mut socket, _) = server.connect("ana:60000").await;
    feed.begin(at(7, 10));
    assert_eq!(next(&mut socket).await["id"], at(7, 10).to_string());
    assert_eq!(next(&mut socket).await["type"], "reload");
}

#[tokio::test]
async fn a_log_that_is_away_is_said_to_be() {
    let (server, _feed) = start().await;
    let message = |body: &str| Message {
        user_id: "ana".into(),
        event_id: "e".into(),
        body: body.into(),
    };
    let sent = server.gateway.send(vec![message("{}")]).await;
    assert_eq!(sent, Err(BroadcastError::Unavailable("away".into())));
    let sent = server.gateway.send(vec![message("{")]).await;
    assert!(
        matches!(sent, Err(BroadcastError::Invalid(_))),
        "whether or not there is a log"
    );
    assert_eq!(server.gateway.ready().await, Err("away".to_owned()));
}
