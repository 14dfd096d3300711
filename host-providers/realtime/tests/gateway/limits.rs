//! Connections and what clients may send.

use crate::support::{Server, closed, next, say};
use dayloom_realtime_gateway::GatewayConfig;
use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test]
async fn one_connection_of_a_user_too_many_is_closed() {
    let server = Server::start(GatewayConfig {
        connections_per_user_max: 2,
        ..GatewayConfig::default()
    })
    .await;
    let (_one, _) = server.connect("ana:60000").await;
    let mut two = server.events("ana", "").await;
    two.until("retry:").await;
    assert_eq!(u16::from(closed(&mut server.offer("ana:60000").await).await.code), 1013);
    server.events("ana", "").await.until("HTTP/1.1 503").await;
    server.connect("bob:60000").await;

    drop(two);
    // The place is free as soon as the server has noticed.
    server.connect_when_there_is_room("ana:60000").await;
}

#[tokio::test]
async fn one_connection_in_all_too_many_is_refused() {
    let server = Server::start(GatewayConfig {
        connections_max: 2,
        ..GatewayConfig::default()
    })
    .await;
    let (_one, _) = server.connect("ana:60000").await;
    let mut unauthenticated = server.handshake(&[]).await.unwrap();
    let Err(Error::Http(response)) = server.handshake(&[]).await else {
        panic!("let in")
    };
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    server.events("bob", "").await.until("HTTP/1.1 503").await;

    say(&mut unauthenticated, r#"{"type":"auth","token":"bad"}"#).await;
    closed(&mut unauthenticated).await;
    while unauthenticated.next().await.is_some() {}
    while server.handshake(&[]).await.is_err() {}
}

#[tokio::test]
async fn too_many_messages_close_the_connection() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut socket, id) = server.connect("ana:60000").await;
    for _ in 0..30 {
        say(&mut socket, &format!(r#"{{"type":"resume","after":"{id}"}}"#)).await;
    }
    say(&mut socket, r#"{"type":"resume","after":""}"#).await;
    assert_eq!(u16::from(closed(&mut socket).await.code), 1008);
}

#[tokio::test]
async fn what_is_no_client_message_closes_the_connection() {
    let server = Server::start(GatewayConfig::default()).await;
    let cases = [
        Message::text("[]"),
        Message::text(r#"{"type":"event"}"#),
        Message::binary(&b"{}"[..]),
    ];
    for message in cases {
        let (mut socket, _) = server.connect("ana:60000").await;
        socket.send(message.clone()).await.unwrap();
        assert_eq!(u16::from(closed(&mut socket).await.code), 1008, "{message:?}");
    }
    let (mut bystander, id) = server.connect("ana:60000").await;
    say(&mut bystander, &format!(r#"{{"type":"resume","after":"{id}x"}}"#)).await;
    assert_eq!(next(&mut bystander).await["type"], "reload");
}

#[tokio::test]
async fn what_is_no_handshake_is_answered_as_such() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(GatewayConfig::default()).await;
    let cases = [
        ("POST /ws HTTP/1.1\r\n", "405"),
        ("GET /ws HTTP/1.1\r\n", "426"),
        (
            "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 8\r\n",
            "426",
        ),
        (
            "GET /ws HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n",
            "400",
        ),
    ];
    for (request, status) in cases {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        stream
            .write_all(format!("{request}host: localhost\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        let document = answer.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(document).unwrap()["status"].to_string(),
            status
        );
    }
}
