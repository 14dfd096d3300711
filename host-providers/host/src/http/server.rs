//! The listener: HTTP/1.1 and HTTP/2 on plain TCP, so many connections, each within its times.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

use super::{
    peer::Peer,
    site::{HEADERS_MAX, Site},
};
use crate::config::Limits;

/// Streams of one HTTP/2 connection: a browser's page load, and as much as one connection may take of the instances.
const STREAMS_MAX: u32 = 128;
/// Bytes beyond the head's limit that a connection buffers, so that a head over the limit can be answered properly.
const HEAD_SPARE_BYTES: usize = 32 * 1024;
/// Time between HTTP/2 pings, and for their answers: who vanished without a word is noticed within a minute.
const PING_EVERY: Duration = Duration::from_secs(40);
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// Time for sent bytes to be acknowledged: ends connections whose reader has stalled or vanished.
const SEND_TIME_MAX: Duration = Duration::from_secs(30);
/// Time for a client that connected before the stop to send its request.
const FIRST_REQUEST_WITHIN: Duration = Duration::from_millis(100);
/// Pause after `accept` failed for want of descriptors or memory, to let connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stopping` is cancelled; then takes no more connections, lets requests in flight end within
/// `shutdown_ms_max`, and returns whether they did.
pub async fn serve(listener: TcpListener, site: Arc<Site>, limits: &Limits, stopping: CancellationToken) -> bool {
    let builder = builder(limits);
    let free = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let begin = |stream: TcpStream, peer: Arc<Peer>, slot: OwnedSemaphorePermit| {
        if let Err(error) = tune(&stream) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let site = site.clone();
        let service = service_fn(move |request| {
            let (site, peer) = (site.clone(), peer.clone());
            async move { Ok::<_, Infallible>(site.answer(request, &peer).await) }
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    };
    loop {
        let next = async {
            let slot = free.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            (Ok(slot), accepted) = next => (slot, accepted),
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, address)) => begin(stream, Arc::new(site.peer(address)), slot),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Who was connected by the kernel before it learns that we stop is served too; closing the listener would reset them. The
    // kernel is asked itself: the runtime may not have heard of the latest yet.
    if let Ok(listener) = listener.into_std() {
        while let Ok(slot) = free.clone().try_acquire_owned() {
            let (stream, address) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(_) => break,
            };
            match stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                Ok(stream) => begin(stream, Arc::new(site.peer(address)), slot),
                Err(error) => tracing::debug!(%error, "a connection ended before it began"),
            }
        }
    }
    // A connection without a request yet would be closed at once, with the request on its way.
    tokio::time::sleep(FIRST_REQUEST_WITHIN).await;
    let time = Duration::from_millis(limits.shutdown_ms_max);
    tokio::time::timeout(time, graceful.shutdown()).await.is_ok()
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let head_bytes = limits.request_head_bytes_max;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.request_head_ms_max))
        .max_buf_size(head_bytes + HEAD_SPARE_BYTES)
        // Twice the limit are parsed, so that the limit can be answered properly.
        .max_headers(2 * HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_WITHIN)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(head_bytes + HEAD_SPARE_BYTES).unwrap_or(u32::MAX));
    builder
}

fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(SEND_TIME_MAX))
}

/// Errors of the connection that was to be accepted, not of the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
