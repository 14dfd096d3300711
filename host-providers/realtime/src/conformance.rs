//! Gateways behind real HTTP servers on loopback and real clients of them, for the suite that every broadcast passes.
//!
//! Failures panic, as in any test.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use dayloom_ports::{
    Broadcast,
    conformance::broadcast::{Client, Said, Stage, Via},
};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::{Authorize, Denied, Gateway, Grant};

/// Far more than anything here takes; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A token is the user's id.
struct Tokens;

#[async_trait]
impl Authorize for Tokens {
    async fn authorize(&self, token: &str) -> Result<Grant, Denied> {
        Ok(Grant {
            user_id: token.to_owned(),
            expires_in: PATIENCE * 10,
        })
    }
}

/// One or two gateways, each behind a server that ends with the stage.
pub struct Gateways {
    served: Vec<(Gateway, SocketAddr)>,
    _servers: JoinSet<()>,
}

impl Gateways {
    /// Serves them. A single one stands for both numbers.
    pub async fn serve(gateways: impl IntoIterator<Item = Gateway>) -> Self {
        let (mut served, mut servers) = (Vec::new(), JoinSet::new());
        for gateway in gateways {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            servers.spawn(serve(listener, gateway.clone()));
            served.push((gateway, address));
        }
        Self {
            served,
            _servers: servers,
        }
    }

    fn served(&self, gateway: usize) -> &(Gateway, SocketAddr) {
        &self.served[gateway % self.served.len()]
    }
}

async fn serve(listener: TcpListener, gateway: Gateway) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let gateway = gateway.clone();
        let service = service_fn(move |request| {
            let gateway = gateway.clone();
            async move { Ok::<_, Infallible>(answer(&gateway, request).await) }
        });
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // A client that goes away in the middle is part of the suite.
        connections.spawn(async move { connection.await.unwrap_or_default() });
    }
}

async fn answer(gateway: &Gateway, request: Request<Incoming>) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let Some(user_id) = request.uri().path().strip_prefix("/sse/") else {
        return gateway.websocket(request, Arc::new(Tokens)).map(BodyExt::boxed_unsync);
    };
    let after = request.headers().get("last-event-id");
    let after = after.map(|id| id.to_str().expect("a plain id"));
    let opened = gateway.sse(user_id, after, PATIENCE * 10).await;
    opened.expect("room for a connection").map(BodyExt::boxed_unsync)
}

#[async_trait]
impl Stage for Gateways {
    fn sender(&self, gateway: usize) -> &dyn Broadcast {
        &self.served(gateway).0
    }

    async fn connect(&self, gateway: usize, via: Via, user_id: &str, after: Option<&str>) -> Box<dyn Client> {
        let (_, address) = *self.served(gateway);
        match via {
            Via::WebSocket => Box::new(SocketClient::connect(address, user_id, after).await),
            Via::Sse => Box::new(StreamClient::connect(address, user_id, after).await),
        }
    }
}

struct SocketClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    begins_after: String,
}

/// A server message, the event as the text it came as.
#[derive(Deserialize)]
struct ServerMessage {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    event: Option<Box<RawValue>>,
}

impl SocketClient {
    async fn connect(address: SocketAddr, user_id: &str, after: Option<&str>) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().expect("a request");
        let protocols = format!("dayloom.v1, bearer.{user_id}");
        let protocols = HeaderValue::try_from(protocols).expect("a plain user id");
        request.headers_mut().insert("sec-websocket-protocol", protocols);
        let (socket, _) = connect_async(request).await.expect("a connection");
        let begins_after = String::new();
        let mut client = Self { socket, begins_after };
        let ready = client.message().await;
        assert_eq!(ready.kind, "ready");
        client.begins_after = ready.id.expect("an id");
        if let Some(after) = after {
            let resume = format!(r#"{{"type":"resume","after":"{after}"}}"#);
            client.socket.send(Message::text(resume)).await.expect("a connection");
        }
        client
    }

    async fn message(&mut self) -> ServerMessage {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("no silence");
            match message.expect("an open connection").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("a server message"),
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[async_trait]
impl Client for SocketClient {
    fn begins_after(&self) -> &str {
        &self.begins_after
    }

    async fn next(&mut self) -> Said {
        loop {
            let message = self.message().await;
            match (message.kind.as_str(), message.id, message.event) {
                ("event", Some(id), Some(event)) => return Said::Event(id, event.get().to_owned()),
                ("reload", None, None) => return Said::Reload,
                ("ready", Some(id), None) => self.begins_after = id,
                (kind, ..) => panic!("an unknown message {kind:?}"),
            }
        }
    }
}

struct StreamClient {
    lines: Lines<BufReader<OwnedReadHalf>>,
    /// Dropped, it would close the connection.
    _sending: OwnedWriteHalf,
    begins_after: String,
}

impl StreamClient {
    async fn connect(address: SocketAddr, user_id: &str, after: Option<&str>) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let (reading, mut sending) = stream.into_split();
        let after = after.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let request = format!("GET /sse/{user_id} HTTP/1.1\r\nhost: localhost\r\n{after}\r\n");
        sending.write_all(request.as_bytes()).await.expect("a connection");
        let mut client = Self {
            lines: BufReader::new(reading).lines(),
            _sending: sending,
            begins_after: String::new(),
        };
        while client.begins_after.is_empty() {
            let line = client.line().await;
            client.begins_after = line.strip_prefix("id: ").unwrap_or_default().to_owned();
        }
        client
    }

    async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await.expect("no silence");
        line.expect("a connection").expect("an open stream")
    }
}

#[async_trait]
impl Client for StreamClient {
    fn begins_after(&self) -> &str {
        &self.begins_after
    }

    async fn next(&mut self) -> Said {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            // Lines of HTTP's own framing have none of these names.
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else {
                continue;
            };
            match name {
                "id" => id = value.to_owned(),
                "event" => event = value.to_owned(),
                "data" if event == "reload" => return Said::Reload,
                "data" => return Said::Event(id, value.to_owned()),
                _ => {}
            }
        }
    }
}
