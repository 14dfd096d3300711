//! A gateway behind a real HTTP server on loopback, and clients of it.

use std::{convert::Infallible, future::pending, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use dayloom_ports::{Broadcast, Message as Live};
use dayloom_realtime_gateway::{Authorize, Denied, Gateway, GatewayConfig, Grant};
use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

/// Far more than anything here takes; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tokens are `<user>:<milliseconds>`, `later` (nobody can tell), `never` (no answer) or anything else (bad).
struct Tokens;

#[async_trait]
impl Authorize for Tokens {
    async fn authorize(&self, token: &str) -> Result<Grant, Denied> {
        match token {
            "later" => return Err(Denied::Unavailable),
            "never" => pending().await,
            _ => {}
        }
        let (user_id, ms) = token.split_once(':').ok_or(Denied::Invalid)?;
        let expires_in = Duration::from_millis(ms.parse().map_err(|_| Denied::Invalid)?);
        Ok(Grant {
            user_id: user_id.to_owned(),
            expires_in,
        })
    }
}

pub(crate) struct Server {
    pub(crate) gateway: Gateway,
    pub(crate) address: SocketAddr,
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Server {
    pub(crate) async fn start(config: GatewayConfig) -> Self {
        Self::serve(Gateway::new(config)).await
    }

    pub(crate) async fn serve(gateway: Gateway) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = gateway.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let gateway = serving.clone();
                let service = service_fn(move |request| answer(gateway.clone(), request));
                tokio::spawn(
                    http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades(),
                );
            }
        });
        Self { gateway, address }
    }

    pub(crate) async fn send(&self, user_id: &str, event_id: &str, body: &str) {
        let message = Live {
            user_id: user_id.into(),
            event_id: event_id.into(),
            body: body.into(),
        };
        self.gateway.send(vec![message]).await.unwrap();
    }

    /// A handshake with these headers.
    pub(crate) async fn handshake(&self, headers: &[(&'static str, &str)]) -> Result<Socket, tungstenite::Error> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(connect_async(request).await?.0)
    }

    /// Connects with the token as a subprotocol and returns the id of `ready` too.
    pub(crate) async fn connect(&self, token: &str) -> (Socket, String) {
        let mut socket = self.offer(token).await;
        let ready = next(&mut socket).await;
        assert_eq!(ready["type"], "ready");
        (socket, ready["id"].as_str().unwrap().to_owned())
    }

    /// Connects as soon as the server has a place for another connection of the user.
    pub(crate) async fn connect_when_there_is_room(&self, token: &str) -> Socket {
        let room = async {
            loop {
                let mut socket = self.offer(token).await;
                match socket.next().await {
                    Some(Ok(Message::Text(_))) => return socket,
                    Some(Ok(Message::Close(_))) => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        timeout(PATIENCE, room).await.expect("no room")
    }

    pub(crate) async fn offer(&self, token: &str) -> Socket {
        let protocols = format!("dayloom.v1, bearer.{token}");
        self.handshake(&[("sec-websocket-protocol", &protocols)]).await.unwrap()
    }

    /// Opens an SSE stream as the user, through a plain socket.
    pub(crate) async fn events(&self, user_id: &str, extra_headers: &str) -> Events {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET /sse/{user_id} HTTP/1.1\r\nhost: localhost\r\n{extra_headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Events {
            stream,
            seen: String::new(),
        }
    }
}

/// What came by an SSE stream, with HTTP framing.
pub(crate) struct Events {
    stream: TcpStream,
    pub(crate) seen: String,
}

impl Events {
    /// Reads until the text has come.
    pub(crate) async fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.read().await, "ended before {text:?}: {}", self.seen);
        }
    }

    pub(crate) async fn until_end(&mut self) {
        // The last chunk of a chunked body; the HTTP connection itself may stay.
        while !self.seen.ends_with("\r\n0\r\n\r\n") {
            assert!(self.read().await, "cut off: {}", self.seen);
        }
    }

    async fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let count = timeout(PATIENCE, self.stream.read(&mut buffer))
            .await
            .expect("silence")
            .unwrap();
        self.seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        count > 0
    }
}

async fn answer(
    gateway: Gateway,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    let Some(user_id) = path.strip_prefix("/sse/") else {
        return Ok(gateway.websocket(request, Arc::new(Tokens)).map(BodyExt::boxed_unsync));
    };
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap());
    let expires_in = Duration::from_millis(header("x-expires-ms").map_or(60_000, |ms| ms.parse().unwrap()));
    Ok(match gateway.sse(user_id, header("last-event-id"), expires_in).await {
        Ok(response) => response.map(BodyExt::boxed_unsync),
        Err(_) => hyper::Response::builder()
            .status(503)
            .body(Empty::new().boxed_unsync())
            .unwrap(),
    })
}

/// The next server message as JSON; pings are answered on the way.
pub(crate) async fn next(socket: &mut Socket) -> Value {
    loop {
        match timeout(PATIENCE, socket.next())
            .await
            .expect("silence")
            .expect("ended")
            .unwrap()
        {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Why the server closes, whatever comes before.
pub(crate) async fn closed(socket: &mut Socket) -> CloseFrame {
    loop {
        let frame = timeout(PATIENCE, socket.next())
            .await
            .expect("silence")
            .expect("no closing handshake")
            .unwrap();
        if let Message::Close(frame) = frame {
            return frame.expect("a reason");
        }
    }
}

pub(crate) async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// The body of an event in these tests.
pub(crate) fn event(n: u32) -> String {
    format!(r#"{{"n":{n}}}"#)
}
