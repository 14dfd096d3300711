use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{Client, PATIENCE};

/// A WebSocket of one user, past its `ready`.
#[derive(Debug)]
pub struct LiveSocket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: Option<String>,
}

/// What a live connection told.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A CloudEvent.
    Event(Value),
    /// History is gone: load the state anew.
    Reload,
    /// The connection ended, with a close code unless it broke.
    Closed(Option<u16>),
}

impl LiveSocket {
    /// Connects with the client's token as a subprotocol, and waits until it listens.
    ///
    /// # Errors
    /// If the handshake fails, the host's answer or the connection's error.
    pub async fn connect(address: &str, client: &Client) -> Result<Self, Box<Error>> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        let protocols = format!("dayloom.v1, bearer.{}", client.user().token);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocols.parse().expect("a token is ASCII"));
        let (socket, _) = connect_async(request).await?;
        let mut live = Self { socket, last_id: None };
        loop {
            match live.read().await {
                Ok(message) if message["type"] == "ready" => return Ok(live),
                Ok(_) => {}
                Err(_) => return Err(Box::new(Error::ConnectionClosed)),
            }
        }
    }

    /// Asks for everything after the last message of an earlier connection.
    pub async fn resume(&mut self, after: &str) {
        let message = json!({ "type": "resume", "after": after }).to_string();
        // A connection that is already gone shows at the next read.
        drop(self.socket.send(Message::text(message)).await);
    }

    /// The id of the last message, to resume from.
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The next event, reload or end; panics if none comes in time.
    pub async fn next(&mut self) -> Seen {
        tokio::time::timeout(PATIENCE, self.next_ever())
            .await
            .expect("something arrives on the live connection")
    }

    /// The next event, reload or end, or none within `wait`.
    pub async fn next_within(&mut self, wait: Duration) -> Option<Seen> {
        tokio::time::timeout(wait, self.next_ever()).await.ok()
    }

    async fn next_ever(&mut self) -> Seen {
        loop {
            match self.read().await {
                Err(code) => return Seen::Closed(code),
                Ok(mut message) if message["type"] == "event" => {
                    self.last_id = message["id"].as_str().map(str::to_owned);
                    return Seen::Event(message["event"].take());
                }
                Ok(message) if message["type"] == "reload" => return Seen::Reload,
                Ok(_) => {}
            }
        }
    }

    /// The next server message, or the code the connection was closed with.
    async fn read(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("server messages are JSON"));
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}
