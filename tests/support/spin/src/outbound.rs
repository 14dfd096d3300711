//! Requests that a component sends: to another component of the application by its name, or out to the network.

use std::sync::{Arc, OnceLock, Weak};

use http::{Request, Response, header};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::{
    app::{App, Failure},
    request::{self, CHAINED},
    state::Services,
};

/// Host names that mean a component of this application.
const INTERNAL_SUFFIX: &str = ".spin.internal";

type Answer = Result<(Response<WasiBody>, Connection), Error>;
/// What must be polled for the answer's body to arrive.
type Connection = Box<dyn Future<Output = Result<(), Error>> + Send>;

pub(crate) struct Outbound {
    services: Arc<Services>,
    app: Arc<OnceLock<Weak<App>>>,
}

impl Outbound {
    pub(crate) fn new(services: Arc<Services>, app: Arc<OnceLock<Weak<App>>>) -> Self {
        Self { services, app }
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Connection,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let uri = request.uri();
        let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
        if !self.services.rules.allow(scheme, host, uri.port_u16()) {
            eprintln!(
                "component `{}` may not reach {scheme}://{host}: add it to allowed_outbound_hosts",
                self.services.id
            );
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let peer = host.strip_suffix(INTERNAL_SUFFIX).map(str::to_owned);
        let app = self.app.get().and_then(Weak::upgrade);
        Box::new(async move {
            match peer {
                Some(peer) => chain(app, &peer, request).await,
                None => leave(request, options).await,
            }
        })
    }
}

async fn chain(app: Option<Arc<App>>, peer: &str, mut request: Request<WasiBody>) -> Answer {
    let app = app.ok_or(Error::DestinationUnavailable)?;
    if !app.has(peer) {
        return Err(Error::DestinationNotFound);
    }
    request::describe(&mut request, "/...", CHAINED);
    request.headers_mut().remove(header::HOST);
    match app.handle(peer, request).await {
        Ok(response) => Ok((response, Box::new(async { Ok(()) }))),
        Err(Failure::Unknown) => Err(Error::DestinationNotFound),
        Err(Failure::Component(error)) => {
            eprintln!("component `{peer}` gave no answer to another one: {error:#}");
            // Spin answers for it, as it does to a client.
            let mut response = Response::new(
                http_body_util::Empty::new()
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            );
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            Ok((response, Box::new(async { Ok(()) })))
        }
    }
}

async fn leave(request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
    let (response, connection) = wasmtime_wasi_http::default_send_request(request, options).await?;
    Ok((response.map(BodyExt::boxed_unsync), Box::new(connection)))
}
