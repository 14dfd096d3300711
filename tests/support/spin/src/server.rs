//! The listener.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};
use wasmtime_wasi_http::WasiBody;

use crate::{
    app::{App, Failure},
    arguments::Up,
    request,
    routes::Target,
};

/// Pause after a connection could not be accepted, to let others end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the application until a signal to stop; requests in flight are cut, as when Spin is stopped.
pub(crate) async fn up(arguments: Up) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listen = arguments.listen;
    let app = tokio::task::spawn_blocking(move || App::load(&arguments)).await??;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("can not listen on {listen}"))?;
    println!("Serving http://{}", listener.local_addr()?);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        };
        match accepted {
            Ok((stream, client)) => {
                tokio::spawn(serve(app.clone(), stream, client));
            }
            Err(error) => {
                eprintln!("no connection can be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(app: Arc<App>, stream: TcpStream, client: SocketAddr) {
    // Without it every small answer waits for the last one's acknowledgement; a connection that is gone shows below.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(answer(&app, request, client).await) }
    });
    // A client that goes away in the middle is its own affair.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(app: &App, mut request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
    let Some(Target { component: id, route }) = app.route(request.uri().path()) else {
        return empty(StatusCode::NOT_FOUND);
    };
    request::describe(&mut request, route, client);
    match app.handle(id, request).await {
        Ok(response) => response,
        Err(Failure::Unknown) => empty(StatusCode::NOT_FOUND),
        Err(Failure::Component(error)) => {
            eprintln!("component `{id}` gave no answer: {error:#}");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
