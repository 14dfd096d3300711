//! Requests that a component sends: to another component within the process, or out to the network, and only where the
//! manifest's `allowed_outbound_hosts` says so.

use std::{
    sync::{Arc, LazyLock, OnceLock, Weak},
    time::Duration,
};

use dayloom_ports::ComponentId;
use http::{HeaderName, Request, Response, Uri, header::HOST, uri::Scheme};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use super::{
    component::CallError,
    destination::{Destination, Rule},
    lingering::Lingering,
    registry::Components,
    state::Call,
    trace::TRACEPARENT,
};

/// Host names that mean a component of this application, as in Spin.
const INTERNAL_SUFFIX: &str = ".spin.internal";
/// Time to reach another host.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Time for another host's first byte: a little less than a call's own limit, so that the component can still answer.
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(12);
/// Time between two pieces of another host's answer: a language model thinks between words.
const BETWEEN_BYTES_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of one piece of a response body.
const BODY_CHUNK_BYTES: usize = 256 * 1024;
/// Pieces of a body that wait for the client: with the piece size, a response of 1 MiB frees its instance at once.
const BODY_CHUNKS: usize = 4;

/// The hop-by-hop headers, in the form that every call would otherwise allocate.
static FORBIDDEN_HEADERS: LazyLock<ForbiddenHeaderFilter> = LazyLock::new(|| Arc::new(is_forbidden));

fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
}

type Answer = Result<(Response<WasiBody>, Connection), Error>;
/// What must be polled for the answer's body to arrive.
type Connection = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Where one component may send requests.
pub(super) struct Outbound {
    pub(super) component: ComponentId,
    pub(super) rules: Vec<Rule>,
    /// Set once all components are there; weak, because they own this.
    pub(super) peers: Arc<OnceLock<Weak<Components>>>,
    /// The application as a whole, for components that do not run on this host.
    pub(super) elsewhere: Option<Uri>,
    pub(super) depth_max: u32,
}

impl Outbound {
    async fn send(
        self: Arc<Self>,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        call: Call,
    ) -> Answer {
        let destination = Destination::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        if !self.rules.iter().any(|rule| rule.allows(&destination)) {
            let (component, host) = (&self.component, destination.host);
            tracing::warn!(%component, host, trace_id = %call.trace, "not in allowed_outbound_hosts; request refused");
            return Err(Error::HttpRequestDenied);
        }
        request
            .headers_mut()
            .entry(TRACEPARENT)
            .or_insert_with(|| call.trace.header());
        match Destination::of(request.uri()).and_then(|to| to.host.strip_suffix(INTERNAL_SUFFIX).map(str::to_owned)) {
            Some(name) => self.chain(&name, request, options, call).await,
            None => leave(request, options).await,
        }
    }

    /// A request to another component: the same call a client's request becomes, without a socket.
    /// If the component runs on other hosts, it is asked there by its public route, as a client would.
    async fn chain(
        &self,
        name: &str,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        call: Call,
    ) -> Answer {
        if call.depth >= self.depth_max {
            return Err(Error::LoopDetected);
        }
        let peers = self
            .peers
            .get()
            .and_then(Weak::upgrade)
            .ok_or(Error::DestinationUnavailable)?;
        let Some(peer) = peers.by_name(name) else {
            let site = self.elsewhere.as_ref().ok_or(Error::DestinationNotFound)?;
            let host = site.authority().and_then(|authority| authority.as_str().parse().ok());
            *request.uri_mut() = at(site, request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
            request
                .headers_mut()
                .insert(HOST, host.ok_or(Error::HttpRequestUriInvalid)?);
            return leave(request, options).await;
        };
        let call = Call {
            depth: call.depth + 1,
            ..call
        };
        let (head, body) = request.into_parts();
        let (body, rest) = Lingering::new(body);
        match peer.http(Scheme::HTTP, Request::from_parts(head, body), call).await {
            Ok(response) => {
                let connection = async {
                    rest.await;
                    Ok(())
                };
                Ok((response.map(BodyExt::boxed_unsync), Box::new(connection)))
            }
            Err(error) => {
                tracing::warn!(component = %peer.id(), caller = %self.component, trace_id = %call.trace, %error, "failed");
                Err(refused(&error))
            }
        }
    }
}

/// The same path and query at another site.
fn at(site: &Uri, uri: &Uri) -> Option<Uri> {
    let mut parts = site.clone().into_parts();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).ok()
}

/// How a component learns that another one did not answer.
fn refused(error: &CallError) -> Error {
    match error {
        CallError::Overloaded | CallError::Instantiate(_) => Error::DestinationUnavailable,
        CallError::Timeout | CallError::Cpu => Error::HttpResponseTimeout,
        CallError::NotExported(_) => Error::DestinationNotFound,
        CallError::Trap(_) | CallError::NoAnswer | CallError::Refused(_) | CallError::Request(_) => {
            Error::HttpResponseIncomplete
        }
    }
}

async fn leave(request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
    let options = options.unwrap_or_default();
    let at_most = |wanted: Option<Duration>, limit: Duration| Some(wanted.map_or(limit, |wanted| wanted.min(limit)));
    let options = RequestOptions {
        connect_timeout: at_most(options.connect_timeout, CONNECT_TIME_MAX),
        first_byte_timeout: at_most(options.first_byte_timeout, FIRST_BYTE_TIME_MAX),
        between_bytes_timeout: at_most(options.between_bytes_timeout, BETWEEN_BYTES_TIME_MAX),
    };
    let (response, connection) = wasmtime_wasi_http::default_send_request(request, Some(options)).await?;
    Ok((response.map(BodyExt::boxed_unsync), Box::new(connection)))
}

/// [`Outbound`] for one instance.
pub(super) struct OutboundHooks {
    outbound: Arc<Outbound>,
    call: Call,
}

impl OutboundHooks {
    pub(super) fn new(outbound: Arc<Outbound>, call: Call) -> Self {
        Self { outbound, call }
    }

    /// Requests from now on belong to `call`.
    pub(super) fn begin(&mut self, call: Call) {
        self.call = call;
    }
}

impl WasiHttpHooks for OutboundHooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        FORBIDDEN_HEADERS.clone()
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        Box::new(self.outbound.clone().send(request, options, self.call))
    }

    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_CHUNKS
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES
    }
}
