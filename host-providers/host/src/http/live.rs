//! Live connections by the GRIP convention: a component decides who may listen to what, the host holds the connection.
//!
//! A `200` with `Grip-Hold: stream`, `Grip-Channel: <user id>` and `Grip-Timeout: <seconds>` means yes, until then. On a
//! plain request it is turned into a stream of Server-Sent Events; on a WebSocket handshake the component is asked with a
//! `GET` of the same path and the token in `Authorization`.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use dayloom_realtime_gateway::{Authorize, Denied, Grant};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONNECTION, HOST, UPGRADE},
    uri::Scheme,
};
use http_body_util::Empty;

use crate::runtime::{Call, Component, Trace, set_traceparent};

const HOLD: HeaderName = HeaderName::from_static("grip-hold");
const CHANNEL: HeaderName = HeaderName::from_static("grip-channel");
const TIMEOUT: HeaderName = HeaderName::from_static("grip-timeout");

/// What a component said of a connection to hold, taken out of its response's headers.
#[derive(Debug, PartialEq)]
pub(super) struct Hold {
    pub(super) user_id: String,
    pub(super) expires_in: Duration,
}

impl Hold {
    /// The hold in a response, if there is a whole one. Its headers are for the host and are removed in any case.
    pub(super) fn take(status: StatusCode, headers: &mut HeaderMap) -> Option<Self> {
        let hold = headers.remove(HOLD)?;
        let (channel, timeout) = (headers.remove(CHANNEL), headers.remove(TIMEOUT));
        if status != StatusCode::OK || hold != "stream" {
            return None;
        }
        let user_id = channel?.to_str().ok().filter(|id| !id.is_empty())?.to_owned();
        let seconds = timeout?.to_str().ok()?.parse().ok()?;
        Some(Self {
            user_id,
            expires_in: Duration::from_secs(seconds),
        })
    }
}

/// Whether the request wants to become a WebSocket connection.
pub(super) fn is_upgrade<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && headers
            .get(UPGRADE)
            .is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && headers.contains_key(CONNECTION)
}

/// Asks the component behind a route whose connection a WebSocket is.
pub(super) struct Asker {
    pub(super) component: Arc<Component>,
    pub(super) scheme: Scheme,
    pub(super) uri: Uri,
    /// The handshake's host and client address; nothing else of it concerns the component.
    pub(super) headers: HeaderMap,
    pub(super) trace: Trace,
}

/// Headers of the handshake that the component is shown.
pub(super) const SHOWN: [HeaderName; 2] = [HOST, HeaderName::from_static("spin-client-addr")];

#[async_trait]
impl Authorize for Asker {
    async fn authorize(&self, token: &str) -> Result<Grant, Denied> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Denied::Invalid)?;
        authorization.set_sensitive(true);
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(AUTHORIZATION, authorization);
        set_traceparent(request.headers_mut(), self.trace);
        match self
            .component
            .http(self.scheme.clone(), request, Call::new(self.trace))
            .await
        {
            Ok(mut response) => {
                let status = response.status();
                match Hold::take(status, response.headers_mut()) {
                    Some(Hold { user_id, expires_in }) => Ok(Grant { user_id, expires_in }),
                    None if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => Err(Denied::Invalid),
                    None => {
                        tracing::warn!(%status, trace_id = %self.trace, "no answer to who may listen");
                        Err(Denied::Unavailable)
                    }
                }
            }
            Err(error) => {
                tracing::warn!(component = %self.component.id(), trace_id = %self.trace, %error, "a call failed");
                Err(Denied::Unavailable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(&'static str, &'static str)]) -> HeaderMap {
        entries
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn a_whole_hold_is_taken_and_nothing_of_it_reaches_the_client() {
        let whole = [
            ("grip-hold", "stream"),
            ("grip-channel", "u1"),
            ("grip-timeout", "60"),
            ("etag", "x"),
        ];
        let mut map = headers(&whole);
        let hold = Hold::take(StatusCode::OK, &mut map).unwrap();
        assert_eq!(
            hold,
            Hold {
                user_id: "u1".to_owned(),
                expires_in: Duration::from_secs(60)
            }
        );
        assert_eq!(map.len(), 1);
        assert_eq!(Hold::take(StatusCode::UNAUTHORIZED, &mut headers(&whole)), None);
    }

    #[test]
    fn half_a_hold_is_none() {
        for entries in [
            &[("grip-channel", "u1"), ("grip-timeout", "60")][..],
            &[
                ("grip-hold", "response"),
                ("grip-channel", "u1"),
                ("grip-timeout", "60"),
            ],
            &[("grip-hold", "stream"), ("grip-timeout", "60")],
            &[("grip-hold", "stream"), ("grip-channel", "u1")],
            &[("grip-hold", "stream"), ("grip-channel", ""), ("grip-timeout", "60")],
            &[("grip-hold", "stream"), ("grip-channel", "u1"), ("grip-timeout", "-1")],
        ] {
            assert_eq!(Hold::take(StatusCode::OK, &mut headers(entries)), None, "{entries:?}");
        }
    }
}
