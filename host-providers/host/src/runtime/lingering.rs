//! A request body between two components, read to its end even if the one that answers does not.
//!
//! A component may answer before it has read the request, as with an empty body that nobody looks at. Were the body dropped
//! there, the component that asked would find its own end of it closed and take the answer for a broken connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

/// A request body that hands over what is left of it when it is dropped.
pub(super) struct Lingering(Option<(WasiBody, oneshot::Sender<WasiBody>)>);

impl Lingering {
    /// The body, and what reads the rest of it once it is dropped.
    pub(super) fn new(body: WasiBody) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, rest) = oneshot::channel::<WasiBody>();
        let drain = async move {
            if let Ok(mut rest) = rest.await {
                while let Some(Ok(_)) = rest.frame().await {}
            }
        };
        (Self(Some((body, sender))), drain)
    }

    fn body(&self) -> Option<&WasiBody> {
        self.0.as_ref().map(|(body, _)| body)
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.0 {
            Some((body, _)) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let Some((body, sender)) = self.0.take() {
            // The one that asked may be gone; then nobody needs the rest.
            let _ = sender.send(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{SinkExt, channel::mpsc};
    use http_body_util::StreamBody;

    use super::*;

    fn body() -> (mpsc::Sender<Result<Frame<Bytes>, Error>>, WasiBody) {
        let (writer, frames) = mpsc::channel(0);
        (writer, StreamBody::new(frames).boxed_unsync())
    }

    fn data(text: &'static str) -> Result<Frame<Bytes>, Error> {
        Ok(Frame::data(Bytes::from_static(text.as_bytes())))
    }

    #[tokio::test]
    async fn what_nobody_reads_is_read_anyway() {
        let (mut writer, body) = body();
        let (lingering, drain) = Lingering::new(body);
        drop(lingering);
        let drained = tokio::spawn(drain);
        for _ in 0..3 {
            writer.send(data("unread")).await.unwrap();
        }
        drop(writer);
        drained.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_read_is_not_read_again() {
        let (mut writer, body) = body();
        let (mut lingering, drain) = Lingering::new(body);
        writer.try_send(data("read")).unwrap();
        drop(writer);
        assert_eq!(lingering.frame().await.unwrap().unwrap().into_data().unwrap(), "read");
        assert!(lingering.frame().await.is_none());
        drop(lingering);
        drain.await;
    }
}
