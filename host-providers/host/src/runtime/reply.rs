//! A response's body on its way from the guest to whoever asked.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, header::CONTENT_LENGTH};
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use wasmtime_wasi_http::{Error, p2::body::HyperOutgoingBody};

use super::component::CallError;

/// The body of a component's response.
pub struct ReplyBody {
    body: HyperOutgoingBody,
    /// The call that is still writing; none if it ended before the head was sent on.
    running: Option<Running>,
}

struct Running {
    call: JoinHandle<Result<(), CallError>>,
    /// Bytes still to come, if the head said how many: whoever reads may stop there without asking for the end.
    left: Option<u64>,
}

impl ReplyBody {
    /// The body of a call that has ended: all of it is there.
    pub(super) fn complete(body: HyperOutgoingBody) -> Self {
        Self { body, running: None }
    }

    /// A response whose call goes on, in a task of its own, so that a slow reader can not stretch the call's time.
    pub(super) fn streaming(
        response: Response<HyperOutgoingBody>,
        call: impl Future<Output = Result<(), CallError>> + Send + 'static,
    ) -> Response<Self> {
        let left = response
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        let call = tokio::spawn(call);
        response.map(|body| Self {
            body,
            running: Some(Running { call, left }),
        })
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let Some(running) = &mut self.running else {
            return Poll::Ready(frame);
        };
        match frame {
            Some(Ok(frame)) => {
                if let (Some(left), Some(data)) = (&mut running.left, frame.data_ref()) {
                    *left = left.saturating_sub(data.len() as u64);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            // The end of the body looks the same whether the guest finished it or trapped: its call knows.
            None => {
                let outcome = ready!(Pin::new(&mut running.call).poll(context));
                self.running = None;
                match outcome {
                    Ok(Ok(())) => Poll::Ready(None),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "a response was cut off");
                        Poll::Ready(Some(Err(Error::HttpResponseIncomplete)))
                    }
                    Err(_panicked) => Poll::Ready(Some(Err(Error::HttpResponseIncomplete))),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.running.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        // Nobody waits for the rest any more. A call that has sent all it announced may end in peace.
        if let Some(Running { call, left }) = &self.running
            && *left != Some(0)
        {
            call.abort();
        }
    }
}
