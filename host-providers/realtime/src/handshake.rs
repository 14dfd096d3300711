use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        error::{Error, ProtocolError},
        handshake::server::create_response_with_body,
        protocol::{Role, WebSocketConfig},
    },
};

use crate::{authorize::Authorize, gateway::Gateway, origin, session};

/// The one subprotocol with messages in it; the other carries the token.
const PROTOCOL: &str = "dayloom.v1";
const TOKEN_PREFIX: &str = "bearer.";
/// Bytes of a client's frame or message: a token of 8 KiB in JSON, with room.
const CLIENT_MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Bytes of either buffer of a connection. Clients say little; a larger server message is written as it comes.
const BUFFER_BYTES: usize = 4 * 1024;
/// What a client that found no free slot should wait.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// What the client offered as subprotocols.
struct Offer {
    selects: Option<&'static str>,
    token: Option<String>,
}

pub(crate) fn answer<B>(
    gateway: &Gateway,
    request: Request<B>,
    authorize: Arc<dyn Authorize>,
) -> Response<Full<Bytes>> {
    let mut response = match create_response_with_body(&request, Full::default) {
        Ok(response) => response,
        Err(error) => return malformed(&error),
    };
    if !origin::is_allowed(request.headers(), request.uri(), &gateway.config.allowed_origins) {
        return problem(StatusCode::FORBIDDEN, "this origin may not connect");
    }
    let Some(offer) = offer(request.headers()) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "the subprotocols offered do not include dayloom.v1",
        );
    };
    let Ok(slot) = gateway.slot("websocket") else {
        let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "too many connections");
        response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        return response;
    };
    if let Some(protocol) = offer.selects {
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    let upgrade = hyper::upgrade::on(request);
    let closing = gateway.closing.clone();
    let serving = gateway.clone();
    gateway.sessions.spawn(async move {
        let upgraded = tokio::select! {
            upgraded = upgrade => upgraded,
            () = closing.cancelled() => return,
        };
        match upgraded {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .max_message_size(Some(CLIENT_MESSAGE_BYTES_MAX))
                    .max_frame_size(Some(CLIENT_MESSAGE_BYTES_MAX))
                    .read_buffer_size(BUFFER_BYTES)
                    .write_buffer_size(BUFFER_BYTES);
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                session::run(&serving, socket, authorize.as_ref(), offer.token).await;
            }
            Err(error) => tracing::debug!(%error, "a websocket connection ended before it began"),
        }
        drop(slot);
    });
    response
}

/// What the client offers; nothing if it offers only what we do not speak.
fn offer(headers: &HeaderMap) -> Option<Offer> {
    let mut offered = headers
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .peekable();
    if offered.peek().is_none() {
        return Some(Offer {
            selects: None,
            token: None,
        });
    }
    let (mut selects, mut token) = (None, None);
    for protocol in offered {
        if protocol == PROTOCOL {
            selects = Some(PROTOCOL);
        } else if let Some(it) = protocol.strip_prefix(TOKEN_PREFIX) {
            token = Some(it.to_owned());
        }
    }
    selects.is_some().then_some(Offer { selects, token })
}

fn malformed(error: &Error) -> Response<Full<Bytes>> {
    let (status, header) = match error {
        Error::Protocol(ProtocolError::WrongHttpMethod) => (
            StatusCode::METHOD_NOT_ALLOWED,
            Some((ALLOW, HeaderValue::from_static("GET"))),
        ),
        Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader) => (
            StatusCode::UPGRADE_REQUIRED,
            Some((SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))),
        ),
        Error::Protocol(
            ProtocolError::MissingUpgradeWebSocketHeader | ProtocolError::MissingConnectionUpgradeHeader,
        ) => (
            StatusCode::UPGRADE_REQUIRED,
            Some((UPGRADE, HeaderValue::from_static("websocket"))),
        ),
        _ => (StatusCode::BAD_REQUEST, None),
    };
    let mut response = problem(status, "this is no WebSocket handshake");
    response.headers_mut().extend(header);
    response
}

/// An RFC 9457 problem document. `detail` is plain text without quotes.
fn problem(status: StatusCode, detail: &'static str) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let body = format!(r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}"#);
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
