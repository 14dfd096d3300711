use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use bytes::Bytes;
use dayloom_ports::live::{sse_opening, sse_reload};
use futures::{Stream, stream};
use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body::{Body, Frame};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    gateway::{Gateway, Slot, TooMany, count_slow, expiry},
    listener::{Lagged, Listener, Next, Resumed},
    message::Recent,
};

/// The body of a live stream. Ends when the credential does, when the client is too slow, or on shutdown.
pub struct SseBody(Pin<Box<dyn Stream<Item = Bytes> + Send>>);

impl Body for SseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .as_mut()
            .poll_next(cx)
            .map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// What a stream needs to go on.
struct Events {
    opening: Option<Bytes>,
    /// Taken from the history and not yet handed to the HTTP connection.
    taken: vec::IntoIter<Arc<Recent>>,
    listener: Listener,
    heartbeat: Interval,
    ends_at: Instant,
    closing: CancellationToken,
    _slot: Slot,
}

pub(crate) async fn open(
    gateway: &Gateway,
    user_id: &str,
    last_event_id: Option<&str>,
    expires_in: Duration,
) -> Result<Response<SseBody>, TooMany> {
    let slot = gateway.slot("sse")?;
    let mut listener = gateway.listen(user_id).await?;
    let is_gone = last_event_id.is_some_and(|id| listener.resume(id) == Resumed::Gone);
    let opening = sse_opening(listener.position(), is_gone);

    let every = gateway.config.heartbeat_every;
    let mut heartbeat = interval_at(Instant::now() + every, every);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        opening: Some(opening.into()),
        taken: Vec::new().into_iter(),
        listener,
        heartbeat,
        ends_at: expiry(expires_in),
        closing: gateway.closing.clone(),
        _slot: slot,
    };
    let blocks = stream::unfold(events, |mut events| async {
        events.next().await.map(|block| (block, events))
    });

    let mut response = Response::new(SseBody(Box::pin(blocks)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    // Else nginx, which ingress controllers are made of, keeps events back until a buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        if let Some(message) = self.taken.next() {
            return Some(message.sse_block());
        }
        tokio::select! {
            biased;
            () = self.closing.cancelled() => None,
            () = sleep_until(self.ends_at) => None,
            next = self.listener.next() => match next {
                Ok(Next::Reload) => Some(sse_reload(self.listener.position()).into()),
                Ok(Next::Messages(messages)) => {
                    self.taken = messages.into_iter();
                    self.taken.next().map(|message| message.sse_block())
                }
                Err(Lagged) => {
                    count_slow("sse");
                    None
                }
            },
            _ = self.heartbeat.tick() => Some(Bytes::from_static(b":\n\n")),
        }
    }
}
