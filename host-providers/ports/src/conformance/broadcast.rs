//! Live messages, as real clients of real connections see them.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Broadcast, BroadcastError, Message,
    limits::{BROADCAST_BODY_BYTES_MAX, BROADCAST_MESSAGES_MAX},
};

/// Gateways that serve the same users. A provider that is alone may be one gateway under both numbers.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Where a component that runs beside gateway 0 or 1 sends.
    fn sender(&self, gateway: usize) -> &dyn Broadcast;

    /// Connects a client to gateway 0 or 1 and, if asked, resumes after an id. Returns once it listens.
    async fn connect(&self, gateway: usize, via: Via, user_id: &str, after: Option<&str>) -> Box<dyn Client>;

    /// How long a client may have to wait for a message; far more than it takes.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// The two kinds of connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A WebSocket.
    WebSocket,
    /// Server-Sent Events.
    Sse,
}

const KINDS: [Via; 2] = [Via::WebSocket, Via::Sse];

/// One live connection.
#[async_trait]
pub trait Client: Send {
    /// The id it was told when it began to listen.
    fn begins_after(&self) -> &str;
    /// What the server says next; panics after the stage's patience.
    async fn next(&mut self) -> Said;
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An event: its id, and the body as JSON text.
    Event(String, String),
    /// The client must load its state again.
    Reload,
}

impl Said {
    fn event(self) -> (String, String) {
        match self {
            Self::Event(id, body) => (id, body),
            Self::Reload => panic!("an event was expected, not a reload"),
        }
    }
}

/// A message whose body is its number.
fn message(user_id: &str, n: usize) -> Message {
    Message {
        user_id: user_id.to_owned(),
        event_id: format!("{user_id}-{n}"),
        body: n.to_string(),
    }
}

async fn send(stage: &dyn Stage, gateway: usize, messages: impl Into<Vec<Message>>) {
    let sent = stage.sender(gateway).send(messages.into()).await;
    sent.expect("messages are sent");
}

async fn body(client: &mut dyn Client) -> String {
    client.next().await.event().1
}

/// Whatever it was sent through.
pub async fn messages_reach_every_connection_of_their_user_and_no_other(stage: &dyn Stage) {
    let (mut anas, mut bobs) = (Vec::new(), Vec::new());
    for gateway in [0, 1] {
        for via in KINDS {
            anas.push(stage.connect(gateway, via, "ana", None).await);
            bobs.push(stage.connect(gateway, via, "bob", None).await);
        }
    }
    send(stage, 0, [message("ana", 1), message("carl", 2)]).await;
    send(stage, 1, [message("ana", 3)]).await;
    // Sent last: had any of the others been for this user, it would have come first.
    send(stage, 0, [message("bob", 4)]).await;
    for ana in &mut anas {
        assert_eq!(
            (body(&mut **ana).await, body(&mut **ana).await),
            ("1".into(), "3".into())
        );
    }
    for bob in &mut bobs {
        assert_eq!(body(&mut **bob).await, "4");
    }
}

/// Within a batch and from one batch to the next.
pub async fn a_users_messages_keep_their_order(stage: &dyn Stage) {
    let mut clients = [
        stage.connect(0, Via::WebSocket, "ana", None).await,
        stage.connect(1, Via::Sse, "ana", None).await,
    ];
    for batch in 0..20 {
        let messages: Vec<_> = (0..20)
            .flat_map(|n| [message("ana", batch * 20 + n), message("bob", batch * 20 + n)])
            .collect();
        send(stage, batch % 2, messages).await;
        for client in &mut clients {
            for n in 0..20 {
                assert_eq!(body(&mut **client).await, (batch * 20 + n).to_string());
            }
        }
    }
}

/// Whichever gateway it is sent through again.
pub async fn a_repeated_event_arrives_once(stage: &dyn Stage) {
    let mut clients = [
        stage.connect(0, Via::Sse, "ana", None).await,
        stage.connect(1, Via::WebSocket, "ana", None).await,
    ];
    for (gateway, n) in [(0, 1), (1, 1), (0, 2), (1, 1), (0, 2), (1, 3)] {
        send(stage, gateway, [message("ana", n)]).await;
    }
    for client in &mut clients {
        for n in ["1", "2", "3"] {
            assert_eq!(body(&mut **client).await, n);
        }
    }
}

/// With the id of a message, and with the id it began with.
pub async fn who_was_away_resumes_on_any_gateway(stage: &dyn Stage) {
    for (round, via) in KINDS.into_iter().enumerate() {
        let user_id = format!("ana-{round}");
        let mut client = stage.connect(0, via, &user_id, None).await;
        let began = client.begins_after().to_owned();
        send(stage, 1, [message(&user_id, 1)]).await;
        let (seen, _) = client.next().await.event();
        drop(client);
        send(stage, 0, [message(&user_id, 2), message("bob", 2 + round)]).await;
        send(stage, 1, [message(&user_id, 3)]).await;

        for gateway in [1, 0] {
            for (after, missed) in [(&seen, &["2", "3"][..]), (&began, &["1", "2", "3"])] {
                let mut client = stage.connect(gateway, via, &user_id, Some(after)).await;
                for n in missed {
                    assert_eq!(body(&mut *client).await, *n, "gateway {gateway} after {after}");
                }
            }
        }
    }
}

/// Neither a reload nor a message again; what is sent then arrives.
pub async fn who_missed_nothing_is_told_nothing(stage: &dyn Stage) {
    for (round, via) in KINDS.into_iter().enumerate() {
        let user_id = format!("ana-{round}");
        let mut after = stage.connect(0, via, &user_id, None).await.begins_after().to_owned();
        for n in 1..=4 {
            send(stage, 0, [message("bob", 10 * round + n)]).await;
            let mut client = stage.connect(n % 2, via, &user_id, Some(&after)).await;
            send(stage, 1, [message(&user_id, n)]).await;
            let (id, body) = client.next().await.event();
            assert_eq!(body, n.to_string());
            after = id;
        }
    }
}

/// So that nothing is missed unnoticed; the connection goes on from now.
pub async fn an_unknown_id_means_reload(stage: &dyn Stage) {
    for (round, via) in KINDS.into_iter().enumerate() {
        send(stage, 0, [message("ana", 10 * round)]).await;
        for (n, after) in ["7", "0000000000000000-0", "ffffffffffffffff-1", "x-y"]
            .into_iter()
            .enumerate()
        {
            let mut client = stage.connect(n % 2, via, "ana", Some(after)).await;
            assert_eq!(client.next().await, Said::Reload, "{after}");
            send(stage, 0, [message("ana", 10 * round + n + 1)]).await;
            // The newest may also have been on its way while the client connected.
            while body(&mut *client).await != (10 * round + n + 1).to_string() {}
        }
    }
}

/// A bad message takes the good ones before it down too.
pub async fn a_batch_is_taken_whole_or_not_at_all(stage: &dyn Stage) {
    let mut client = stage.connect(1, Via::WebSocket, "ana", None).await;
    let with = |event_id: &str, body: &str| Message {
        event_id: event_id.to_owned(),
        body: body.to_owned(),
        ..message("ana", 0)
    };
    let nobody = Message {
        user_id: String::new(),
        ..message("ana", 0)
    };
    for bad in [
        with("e", r#"{},"type":"reload""#),
        with("e", ""),
        with("", "{}"),
        nobody,
    ] {
        let answer = stage.sender(0).send(vec![message("ana", 1), bad]).await;
        assert!(matches!(answer, Err(BroadcastError::Invalid(_))), "{answer:?}");
    }
    send(stage, 0, [message("ana", 2)]).await;
    assert_eq!(body(&mut *client).await, "2");
    send(stage, 0, []).await;
}

/// Every limit: at it, and one past it.
pub async fn limits_are_kept(stage: &dyn Stage) {
    let mut client = stage.connect(1, Via::WebSocket, "ana", None).await;
    let sized = |bytes: usize| Message {
        body: format!("\"{}\"", "x".repeat(bytes - 2)),
        ..message("ana", 1)
    };
    let many = |count: usize| vec![message("ana", 2); count];
    for past in [
        vec![sized(BROADCAST_BODY_BYTES_MAX + 1)],
        many(BROADCAST_MESSAGES_MAX + 1),
    ] {
        let answer = stage.sender(0).send(past).await;
        assert!(matches!(answer, Err(BroadcastError::Invalid(_))), "{answer:?}");
    }
    send(stage, 0, [sized(BROADCAST_BODY_BYTES_MAX)]).await;
    send(stage, 0, many(BROADCAST_MESSAGES_MAX)).await;
    assert_eq!(body(&mut *client).await.len(), BROADCAST_BODY_BYTES_MAX);
    assert_eq!(body(&mut *client).await, "2");
}

/// Ready when it works.
pub async fn ready_says_so(stage: &dyn Stage) {
    for gateway in [0, 1] {
        assert_eq!(stage.sender(gateway).ready().await, Ok(()));
    }
}
