//! Who gets in, and for how long.

use std::time::Duration;

use crate::support::{Server, closed, event, next, say};
use dayloom_realtime_gateway::GatewayConfig;
use tokio_tungstenite::tungstenite::Error;

#[tokio::test]
async fn a_token_as_subprotocol_or_as_first_message_gets_in() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut by_protocol, _) = server.connect("ana:60000").await;

    let mut by_message = server.handshake(&[]).await.unwrap();
    say(&mut by_message, r#"{"type":"auth","token":"ana:60000"}"#).await;
    assert_eq!(next(&mut by_message).await["type"], "ready");

    server.send("ana", "e1", &event(1)).await;
    for socket in [&mut by_protocol, &mut by_message] {
        let message = next(socket).await;
        assert_eq!((&message["type"], &message["event"]["n"]), (&"event".into(), &1.into()));
    }
}

#[tokio::test]
async fn the_server_selects_the_protocol_without_the_token() {
    let server = Server::start(GatewayConfig::default()).await;
    let mut head = answer_head(&server, "bearer.ana:60000, dayloom.v1").await;
    head.make_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-protocol: dayloom.v1\r\n"), "{head}");
    assert!(!head.contains("bearer"), "{head}");
}

/// The head of the answer to a hand-written handshake.
async fn answer_head(server: &Server, protocols: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: {protocols}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn a_bad_token_closes_with_4401_and_an_unjudged_one_with_1013() {
    let config = GatewayConfig {
        authentication_within: Duration::from_millis(100),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    assert_eq!(u16::from(closed(&mut server.offer("bad").await).await.code), 4401);
    assert_eq!(u16::from(closed(&mut server.offer("later").await).await.code), 1013);
    assert_eq!(u16::from(closed(&mut server.offer("never").await).await.code), 1013);

    let mut by_message = server.handshake(&[]).await.unwrap();
    say(&mut by_message, r#"{"type":"auth","token":"bad"}"#).await;
    assert_eq!(u16::from(closed(&mut by_message).await.code), 4401);
}

#[tokio::test]
async fn silence_is_no_token() {
    let config = GatewayConfig {
        authentication_within: Duration::from_millis(50),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    assert_eq!(
        u16::from(closed(&mut server.handshake(&[]).await.unwrap()).await.code),
        4401
    );
}

#[tokio::test]
async fn nothing_but_a_token_comes_first() {
    let server = Server::start(GatewayConfig::default()).await;
    for text in [
        r#"{"type":"resume","after":"0-0"}"#,
        r#"{"type":"hello"}"#,
        r#"{"type":"auth"}"#,
        "ana:60000",
        "",
    ] {
        let mut socket = server.handshake(&[]).await.unwrap();
        say(&mut socket, text).await;
        assert_eq!(u16::from(closed(&mut socket).await.code), 1008, "{text}");
    }
}

#[tokio::test]
async fn an_expired_credential_closes_unless_a_newer_one_was_shown() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut expires, _) = server.connect("ana:300").await;
    let (mut stays, _) = server.connect("ana:300").await;
    say(&mut stays, r#"{"type":"auth","token":"ana:60000"}"#).await;
    assert_eq!(next(&mut stays).await["type"], "ready");

    assert_eq!(u16::from(closed(&mut expires).await.code), 4401);
    server.send("ana", "e1", &event(1)).await;
    assert_eq!(next(&mut stays).await["event"]["n"], 1);
}

#[tokio::test]
async fn a_newer_token_must_be_good_and_of_the_same_user() {
    let server = Server::start(GatewayConfig::default()).await;
    for (token, code) in [("bad", 4401), ("eve:60000", 1008), ("later", 1013)] {
        let (mut socket, _) = server.connect("ana:60000").await;
        say(&mut socket, &format!(r#"{{"type":"auth","token":"{token}"}}"#)).await;
        assert_eq!(u16::from(closed(&mut socket).await.code), code, "{token}");
    }
}

#[tokio::test]
async fn a_foreign_page_and_an_unknown_protocol_are_turned_away() {
    let allowed_origins = vec!["https://app.example.com".to_owned()];
    let server = Server::start(GatewayConfig {
        allowed_origins,
        ..GatewayConfig::default()
    })
    .await;
    let own = format!("http://{}", server.address);
    let cases = [
        ("origin", own.as_str(), 101),
        ("origin", "https://app.example.com", 101),
        ("origin", "https://evil.example", 403),
        ("sec-websocket-protocol", "graphql-ws, bearer.ana:60000", 400),
    ];
    for (name, value, expected) in cases {
        let status = match server.handshake(&[(name, value)]).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(status, expected, "{name}: {value}");
    }
}
