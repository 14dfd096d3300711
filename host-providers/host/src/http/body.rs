//! Bodies: a request's is received whole before an instance is taken, so that a slow upload holds no instance; a
//! response's is passed on as it comes.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use dayloom_realtime_gateway::SseBody;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime_wasi_http::Error;

use super::problem::Problem;
use crate::{config::Limits, runtime::ReplyBody};

/// Bytes that one permit of the memory for uploads stands for.
const PERMIT_BYTES: usize = 1024;

/// Bytes of a refused body that are still read, and thrown away: a client that is writing does not look for the answer, and
/// would only see its connection break.
const DRAINED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Time for that.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// The memory for request bodies of the whole process.
#[derive(Debug)]
pub(super) struct Uploads {
    memory: Semaphore,
    body_bytes_max: usize,
    time_max: Duration,
}

/// A body and its share of the memory for uploads.
pub(super) struct Received<'a> {
    pub(super) body: Full<Bytes>,
    _memory: Option<SemaphorePermit<'a>>,
}

impl Uploads {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory: Semaphore::new((limits.request_bodies_bytes_max / PERMIT_BYTES).min(Semaphore::MAX_PERMITS)),
            body_bytes_max: limits.request_body_bytes_max,
            time_max: Duration::from_millis(limits.request_body_ms_max),
        }
    }

    /// Receives a body. Of one that announces too much and waits for `100 Continue` (`waits`), nothing is read, so that the
    /// client is spared the upload.
    pub(super) async fn receive<B>(&self, mut body: B, waits: bool) -> Result<Received<'_>, Problem>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        if body.is_end_stream() {
            return Ok(Received {
                body: Full::default(),
                _memory: None,
            });
        }
        let announced = body.size_hint();
        if announced.lower() > self.body_bytes_max as u64 {
            if !waits {
                drain(&mut body).await;
            }
            return Err(Problem::BODY_TOO_LARGE);
        }
        let most = announced
            .exact()
            .and_then(|exact| usize::try_from(exact).ok())
            .unwrap_or(self.body_bytes_max);
        let permits = u32::try_from(most.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        let memory = self
            .memory
            .try_acquire_many(permits)
            .map_err(|_| Problem::UPLOADS_BUSY)?;
        match tokio::time::timeout(self.time_max, self.collect(&mut body)).await {
            Ok(Ok(collected)) => Ok(Received {
                body: Full::new(collected),
                _memory: Some(memory),
            }),
            Ok(Err(problem)) => {
                if problem == Problem::BODY_TOO_LARGE {
                    drain(&mut body).await;
                }
                Err(problem)
            }
            Err(_elapsed) => Err(Problem::BODY_TOO_SLOW),
        }
    }

    async fn collect<B>(&self, body: &mut B) -> Result<Bytes, Problem>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        // Most bodies are one piece, which is passed on without a copy.
        let Some(first) = self.piece(body, 0).await? else {
            return Ok(Bytes::new());
        };
        if body.is_end_stream() {
            return Ok(first);
        }
        let mut whole = BytesMut::from(first);
        while let Some(piece) = self.piece(body, whole.len()).await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// The next piece of data; trailers end a body.
    async fn piece<B>(&self, body: &mut B, received: usize) -> Result<Option<Bytes>, Problem>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        match body.frame().await {
            None => Ok(None),
            Some(Err(_)) => Err(Problem::BODY_BROKEN),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) if received + data.len() > self.body_bytes_max => Err(Problem::BODY_TOO_LARGE),
                Ok(data) => Ok(Some(data)),
                Err(_trailers) => Ok(None),
            },
        }
    }
}

/// Reads on until the client has said all, or enough.
async fn drain<B>(body: &mut B)
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > DRAINED_BYTES_MAX {
        return;
    }
    let read = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if bytes > DRAINED_BYTES_MAX {
                return;
            }
        }
    };
    // A client that needs longer will find its connection closed, which is an answer too.
    let _late = tokio::time::timeout(DRAIN_TIME_MAX, read).await;
}

/// The body of any response.
pub(super) enum ResponseBody {
    /// A component's.
    Reply(ReplyBody),
    /// The host's own.
    Whole(Full<Bytes>),
    /// A live stream.
    Live(SseBody),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Reply(body) => Pin::new(body).poll_frame(context),
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Live(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Reply(body) => body.is_end_stream(),
            Self::Whole(body) => body.is_end_stream(),
            Self::Live(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Reply(body) => body.size_hint(),
            Self::Whole(body) => body.size_hint(),
            Self::Live(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::stream;
    use http_body_util::{Empty, StreamBody};

    use super::*;

    fn limits(body: usize, bodies: usize) -> Limits {
        Limits {
            request_body_bytes_max: body,
            request_bodies_bytes_max: bodies,
            request_body_ms_max: 20,
            ..Limits::default()
        }
    }

    fn pieces(pieces: &[&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let frames: Vec<_> = pieces
            .iter()
            .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))
            .collect();
        StreamBody::new(stream::iter(frames))
    }

    async fn received<B: Body<Data = Bytes> + Unpin>(uploads: &Uploads, body: B) -> Result<Bytes, Problem> {
        let received = uploads.receive(body, false).await?;
        Ok(received.body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn a_body_is_received_up_to_the_limit_and_not_one_byte_past_it() {
        let uploads = Uploads::new(&limits(6, 1024));
        assert_eq!(received(&uploads, Empty::<Bytes>::new()).await.unwrap(), "");
        assert_eq!(received(&uploads, Full::from("abcdef")).await.unwrap(), "abcdef");
        assert_eq!(
            received(&uploads, Full::from("abcdefg")).await,
            Err(Problem::BODY_TOO_LARGE)
        );
        assert_eq!(received(&uploads, pieces(&["abc", "def"])).await.unwrap(), "abcdef");
        assert_eq!(
            received(&uploads, pieces(&["abc", "defg"])).await,
            Err(Problem::BODY_TOO_LARGE)
        );
    }

    #[tokio::test]
    async fn a_body_that_never_comes_ends_in_time() {
        let uploads = Uploads::new(&limits(6, 1024));
        let silent = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        assert_eq!(received(&uploads, silent).await, Err(Problem::BODY_TOO_SLOW));
    }

    #[tokio::test]
    async fn uploads_share_their_memory() {
        let uploads = Uploads::new(&limits(2048, 4096));
        let first = uploads.receive(pieces(&["a"]), false).await.ok();
        let second = uploads.receive(pieces(&["a"]), false).await.ok();
        assert_eq!(received(&uploads, pieces(&["a"])).await, Err(Problem::UPLOADS_BUSY));
        drop((first, second));
        assert_eq!(received(&uploads, pieces(&["a"])).await.unwrap(), "a");
    }
}
