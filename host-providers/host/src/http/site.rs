//! From a request to its response: the host's own paths, then the routes of the manifest.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dayloom_realtime_gateway::Gateway;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT},
};
use http_body_util::Full;
use hyper::body::Incoming;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::{
    body::{ResponseBody, Uploads},
    health,
    live::{self, Asker, Hold},
    peer::Peer,
    problem::Problem,
};
use crate::{
    config::{Config, Limits},
    manifest::Router,
    runtime::{Call, Component, Components, Providers, Trace, set_traceparent},
};

/// A client quotes this to have its request found in the logs: the trace's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Headers of one request; browsers send about twenty.
pub(super) const HEADERS_MAX: usize = 100;

/// What stands behind a site.
pub struct Backends {
    /// The application.
    pub components: Arc<Components>,
    /// Who is asked for readiness.
    pub providers: Providers,
    /// Live connections.
    pub gateway: Gateway,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
}

/// Everything a request can reach.
pub struct Site {
    backends: Backends,
    /// Which component answers a path; the value is its place among the components.
    routes: Router<usize>,
    uploads: Uploads,
    limits: Limits,
    trusted_proxies: Vec<IpNet>,
    /// Cancelled when the host begins to stop.
    stopping: CancellationToken,
}

/// A response and what is known of its request for log and metrics.
struct Answer {
    response: Response<ResponseBody>,
    component: Option<Arc<Component>>,
}

impl Site {
    /// A site over its backends. `routes` lead to places among `backends.components`.
    pub fn new(config: &Config, routes: Router<usize>, backends: Backends, stopping: CancellationToken) -> Self {
        Self {
            backends,
            routes,
            uploads: Uploads::new(&config.limits),
            limits: config.limits.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            stopping,
        }
    }

    pub(super) fn peer(&self, address: std::net::SocketAddr) -> Peer {
        Peer::new(address, &self.trusted_proxies)
    }

    /// Answers one request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Response<ResponseBody> {
        let begun = Instant::now();
        let trace = Trace::continued(request.headers().get("traceparent"));
        let method = request.method().clone();
        let Answer {
            mut response,
            component,
        } = self.dispatch(request, peer, trace).await;
        response.headers_mut().insert(REQUEST_ID, trace.id_header());
        if let Some(component) = component {
            let (took, status) = (begun.elapsed(), response.status());
            component.measured(status, took);
            let took_ms = took.as_millis();
            let (component, status) = (component.id(), status.as_u16());
            if took >= Duration::from_millis(self.limits.slow_request_ms) {
                tracing::warn!(%component, %method, status, took_ms, trace_id = %trace, "a slow request");
            } else {
                tracing::debug!(%component, %method, status, took_ms, trace_id = %trace, "answered");
            }
        }
        response
    }

    async fn dispatch(&self, request: Request<Incoming>, peer: &Peer, trace: Trace) -> Answer {
        if is_too_large(request.headers(), request.uri(), self.limits.request_head_bytes_max) {
            return whole(Problem::HEAD_TOO_LARGE.response());
        }
        match request.uri().path() {
            "/health" => return whole(health::live()),
            "/health/ready" => {
                let Backends {
                    components, providers, ..
                } = &self.backends;
                let state = health::ready(providers, components.need_storage(), self.stopping.is_cancelled());
                return whole(state.await);
            }
            "/metrics" => return whole(self.metrics()),
            _ => {}
        }
        let target = self
            .routes
            .target(request.uri().path())
            .and_then(|index| self.backends.components.at(*index));
        let Some(component) = target.cloned() else {
            return whole(Problem::NO_ROUTE.response());
        };
        let response = if live::is_upgrade(&request) {
            self.websocket(component.clone(), request, peer, trace)
        } else {
            self.call(&component, request, peer, trace)
                .await
                .unwrap_or_else(|problem| own(problem.response()))
        };
        Answer {
            response,
            component: Some(component),
        }
    }

    async fn call(
        &self,
        component: &Arc<Component>,
        request: Request<Incoming>,
        peer: &Peer,
        trace: Trace,
    ) -> Result<Response<ResponseBody>, Problem> {
        let (mut parts, body) = request.into_parts();
        let waits = parts.headers.contains_key(EXPECT);
        let received = self.uploads.receive(body, waits).await?;
        let scheme = peer.describe(&mut parts.headers, &self.trusted_proxies);
        set_traceparent(&mut parts.headers, trace);
        let last_event_id = parts.headers.get(LAST_EVENT_ID).cloned();
        let request = Request::from_parts(parts, received.body);
        let mut response = component
            .http(scheme, request, Call::new(trace))
            .await
            .map_err(|error| {
                tracing::warn!(component = %component.id(), trace_id = %trace, %error, "a request failed");
                Problem::of_call(&error)
            })?;
        let status = response.status();
        match Hold::take(status, response.headers_mut()) {
            None => Ok(response.map(ResponseBody::Reply)),
            Some(hold) => self.stream(&hold, last_event_id.as_ref(), response.headers()).await,
        }
    }

    /// Holds the connection for Server-Sent Events, with what the component's own headers add, such as a cookie.
    async fn stream(
        &self,
        hold: &Hold,
        last_event_id: Option<&HeaderValue>,
        said: &HeaderMap,
    ) -> Result<Response<ResponseBody>, Problem> {
        let last_event_id = last_event_id.and_then(|id| id.to_str().ok());
        let opened = self.backends.gateway.sse(&hold.user_id, last_event_id, hold.expires_in);
        let mut response = opened
            .await
            .map_err(|_too_many| Problem::LIVE_BUSY)?
            .map(ResponseBody::Live);
        for (name, value) in said {
            if *name != CONTENT_LENGTH && (!response.headers().contains_key(name) || name == http::header::SET_COOKIE) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        Ok(response)
    }

    fn websocket(
        &self,
        component: Arc<Component>,
        mut request: Request<Incoming>,
        peer: &Peer,
        trace: Trace,
    ) -> Response<ResponseBody> {
        let scheme = peer.describe(request.headers_mut(), &self.trusted_proxies);
        let shown = live::SHOWN
            .into_iter()
            .filter_map(|name| Some((name.clone(), request.headers().get(name)?.clone())));
        let headers = shown.collect();
        let asker = Asker {
            component,
            scheme,
            uri: request.uri().clone(),
            headers,
            trace,
        };
        self.backends
            .gateway
            .websocket(request, Arc::new(asker))
            .map(ResponseBody::Whole)
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.backends.metrics.render()));
        let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, format);
        response
    }
}

fn own(response: Response<Full<Bytes>>) -> Response<ResponseBody> {
    response.map(ResponseBody::Whole)
}

fn whole(response: Response<Full<Bytes>>) -> Answer {
    Answer {
        response: own(response),
        component: None,
    }
}

/// Whether a head is over the limit, as it was on the wire: names, values, `: ` and line ends.
fn is_too_large(headers: &HeaderMap, uri: &http::Uri, bytes_max: usize) -> bool {
    const SEPARATORS: usize = 4;
    let line = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let fields = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + SEPARATORS);
    headers.len() > HEADERS_MAX || line + fields.sum::<usize>() > bytes_max
}

impl Component {
    fn measured(&self, status: StatusCode, took: Duration) {
        let meters = self.meters();
        meters.answered(status);
        meters.duration.record(took);
    }
}
