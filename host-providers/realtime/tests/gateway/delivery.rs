//! What arrives, what is resumed and what is told to reload.

use std::time::Duration;

use crate::support::{Server, closed, event, next, say};
use dayloom_ports::{Broadcast, Message as Live};
use dayloom_realtime_gateway::GatewayConfig;
use futures::{SinkExt, StreamExt};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn messages_reach_every_connection_of_their_user_and_no_other() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut one, _) = server.connect("ana:60000").await;
    let (mut two, _) = server.connect("ana:60000").await;
    let (mut other, _) = server.connect("bob:60000").await;

    for n in 1..=3 {
        server.send("ana", &format!("e{n}"), &event(n)).await;
    }
    server.send("bob", "b1", &event(99)).await;
    for socket in [&mut one, &mut two] {
        for n in 1..=3 {
            assert_eq!(next(socket).await["event"]["n"], n);
        }
    }
    // Sent last: had any of the others been for this connection, it would have come first.
    assert_eq!(next(&mut other).await["event"]["n"], 99);
}

#[tokio::test]
async fn a_repeated_event_arrives_once() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut socket, _) = server.connect("ana:60000").await;
    for (id, n) in [("e1", 1), ("e1", 1), ("e2", 2), ("e1", 1), ("e3", 3)] {
        server.send("ana", id, &event(n)).await;
    }
    for n in 1..=3 {
        assert_eq!(next(&mut socket).await["event"]["n"], n);
    }
}

#[tokio::test]
async fn who_was_away_gets_what_was_missed() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut socket, ready) = server.connect("ana:60000").await;
    server.send("ana", "e1", &event(1)).await;
    let seen = next(&mut socket).await["id"].as_str().unwrap().to_owned();
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    for n in 2..=3 {
        server.send("ana", &format!("e{n}"), &event(n)).await;
    }

    let (mut socket, latest) = server.connect("ana:60000").await;
    say(&mut socket, &format!(r#"{{"type":"resume","after":"{seen}"}}"#)).await;
    assert_eq!(next(&mut socket).await["event"]["n"], 2);
    let last = next(&mut socket).await;
    assert_eq!(
        (&last["event"]["n"], last["id"].as_str()),
        (&3.into(), Some(latest.as_str()))
    );

    say(&mut socket, &format!(r#"{{"type":"resume","after":"{ready}"}}"#)).await;
    assert_eq!(next(&mut socket).await["event"]["n"], 1, "from before the first");
    server.send("ana", "e4", &event(4)).await;
    assert_eq!(next(&mut socket).await["event"]["n"], 4, "2 and 3 were here already");
}

#[tokio::test]
async fn who_resumes_late_gets_what_was_missed_and_nothing_twice() {
    let server = Server::start(GatewayConfig::default()).await;
    let (_earlier, ready) = server.connect("ana:60000").await;
    for n in 1..=2 {
        server.send("ana", &format!("e{n}"), &event(n)).await;
    }
    let (mut socket, _) = server.connect("ana:60000").await;
    for n in 3..=4 {
        server.send("ana", &format!("e{n}"), &event(n)).await;
        assert_eq!(next(&mut socket).await["event"]["n"], n, "before it is asked to resume");
    }
    for _ in 0..2 {
        say(&mut socket, &format!(r#"{{"type":"resume","after":"{ready}"}}"#)).await;
    }
    for n in 1..=2 {
        assert_eq!(next(&mut socket).await["event"]["n"], n, "before it connected");
    }
    server.send("ana", "e5", &event(5)).await;
    assert_eq!(next(&mut socket).await["event"]["n"], 5, "3 and 4 were here already");
}

#[tokio::test]
async fn history_that_is_gone_means_reload() {
    let config = GatewayConfig {
        history_messages_max: 3,
        ..GatewayConfig::default()
    };
    let server = Server::start(config.clone()).await;
    let (mut socket, ready) = server.connect("ana:60000").await;
    for n in 1..=4 {
        server.send("ana", &format!("e{n}"), &event(n)).await;
        next(&mut socket).await;
    }
    let restarted = Server::start(config).await;
    let (mut after_restart, _) = restarted.connect("ana:60000").await;
    for (socket, server) in [(&mut socket, &server), (&mut after_restart, &restarted)] {
        for after in [ready.as_str(), "", "7", "0000000000000000-0"] {
            say(socket, &format!(r#"{{"type":"resume","after":"{after}"}}"#)).await;
            assert_eq!(next(socket).await, serde_json::json!({"type": "reload"}), "{after}");
        }
        server.send("ana", "next", &event(9)).await;
        assert_eq!(next(socket).await["event"]["n"], 9, "and goes on from now");
    }
}

#[tokio::test]
async fn a_history_is_forgotten_some_time_after_the_last_connection() {
    let config = GatewayConfig {
        history_kept: Duration::ZERO,
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    let (mut socket, ready) = server.connect("ana:60000").await;
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}

    // The server may see the end of the connection a moment after the client does.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (mut socket, again) = server.connect("ana:60000").await;
        if again != ready {
            say(&mut socket, &format!(r#"{{"type":"resume","after":"{ready}"}}"#)).await;
            assert_eq!(next(&mut socket).await["type"], "reload");
            break;
        }
        assert!(Instant::now() < deadline);
        socket.close(None).await.unwrap();
        while socket.next().await.is_some() {}
    }
}

#[tokio::test]
async fn a_slow_client_is_dropped_while_another_goes_on() {
    let config = GatewayConfig {
        connections_per_user_max: 2,
        // Long enough that only falling behind can be the reason.
        write_within: Duration::from_secs(3_600),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    let (mut slow, _) = server.connect("ana:60000").await;
    let (mut quick, _) = server.connect("ana:60000").await;
    // More than the kernel's buffers and the history hold together.
    let body = format!("\"{}\"", "x".repeat(100 * 1024));
    for n in 0..200 {
        let begun = Instant::now();
        server.send("ana", &n.to_string(), &body).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "a send waited for a client");
        assert_eq!(next(&mut quick).await["type"], "event");
    }
    server.connect_when_there_is_room("ana:60000").await;
    let mut received = 0;
    while let Some(Ok(message)) = slow.next().await {
        received += usize::from(message.is_text());
    }
    assert!(received < 200, "{received}");
    server.send("ana", "last", &event(1)).await;
    assert_eq!(next(&mut quick).await["event"]["n"], 1);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped_though_it_is_not_far_behind() {
    let config = GatewayConfig {
        connections_per_user_max: 1,
        history_messages_max: 100,
        history_bytes_max: 64 * 1024 * 1024,
        write_within: Duration::from_millis(100),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    let (_stuck, _) = server.connect("ana:60000").await;
    // More than the kernel's buffers hold, less than the history.
    let body = format!("\"{}\"", "x".repeat(256 * 1024 - 2));
    for n in 0..60 {
        server.send("ana", &n.to_string(), &body).await;
    }
    // There is room for another as soon as the stuck one is dropped.
    server.connect_when_there_is_room("ana:60000").await;
}

#[tokio::test]
async fn a_client_that_never_answers_a_ping_is_dropped() {
    let config = GatewayConfig {
        connections_per_user_max: 2,
        ping_every: Duration::from_millis(50),
        pong_within: Duration::from_millis(200),
        ..GatewayConfig::default()
    };
    let server = Server::start(config).await;
    let (mut answers, _) = server.connect("ana:60000").await;
    let (_silent, _) = server.connect("ana:60000").await;
    // Reading is what makes the client library answer pings.
    let answering = tokio::spawn(async move { next(&mut answers).await });

    // There is room for a third as soon as the silent one is dropped.
    let _third = server.connect_when_there_is_room("ana:60000").await;
    server.send("ana", "e1", &event(1)).await;
    assert_eq!(answering.await.unwrap()["event"]["n"], 1);
}

#[tokio::test]
async fn shutdown_says_so_and_waits_for_the_sockets() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut socket, _) = server.connect("ana:60000").await;
    let mut waiting = server.handshake(&[]).await.unwrap();
    let gateway = server.gateway.clone();
    let stopped = tokio::spawn(async move { gateway.shutdown().await });
    assert_eq!(u16::from(closed(&mut socket).await.code), 1001);
    assert_eq!(u16::from(closed(&mut waiting).await.code), 1001);
    stopped.await.unwrap();
    assert!(server.gateway.ready().await.is_err());
    assert!(server.handshake(&[]).await.is_err());
}

#[tokio::test]
async fn a_batch_is_taken_whole_or_not_at_all() {
    let server = Server::start(GatewayConfig::default()).await;
    let (mut socket, _) = server.connect("ana:60000").await;
    let live = |event_id: &str, body: &str| Live {
        user_id: "ana".into(),
        event_id: event_id.into(),
        body: body.into(),
    };
    let longest = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
    let refused = [
        live("e", r#"{},"type":"reload""#),
        live("e", &longest(256 * 1024 + 1)),
        live("", "{}"),
        live(&"e".repeat(129), "{}"),
    ];
    for bad in refused {
        assert!(server.gateway.send(vec![live("e0", "0"), bad]).await.is_err());
    }
    assert!(server.gateway.send(vec![live("e0", "0"); 1_001]).await.is_err());
    server.gateway.send(vec![live("e0", "0"); 1_000]).await.unwrap();
    assert_eq!(next(&mut socket).await["event"], 0);
    server
        .gateway
        .send(vec![live(&"e".repeat(128), &longest(256 * 1024))])
        .await
        .unwrap();
    assert_eq!(next(&mut socket).await["event"].as_str().unwrap().len(), 256 * 1024 - 2);

    // A client's own side has limits too.
    let padded = |len: usize| format!(r#"{{"type":"resume","after":"{}"}}"#, "0".repeat(len - 28));
    socket.send(Message::text(padded(16 * 1024))).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "reload");
    socket.send(Message::text(padded(16 * 1024 + 1))).await.unwrap();
    assert_eq!(u16::from(closed(&mut socket).await.code), 1009);

    // More than the kernel's buffers hold: the client can only finish and read why if the server reads it all.
    let (mut socket, _) = server.connect("ana:60000").await;
    socket.send(Message::text(padded(16 * 1024 * 1024))).await.unwrap();
    assert_eq!(u16::from(closed(&mut socket).await.code), 1009);
}
