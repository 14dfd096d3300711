use std::{convert::Infallible, time::Duration};

use dayloom_ports::live::RELOAD;
use futures::{SinkExt, StreamExt, stream::FusedStream};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Bytes, Error, Message},
};

use crate::{
    authorize::{Authorize, Denied, Grant},
    gateway::{Gateway, count_slow, expiry},
    listener::{Lagged, Listener, Next, Resumed},
    protocol::{ClientMessage, Closing, ready},
};

/// Frames a client may send in each `PACE_WINDOW`, of any kind: pongs, a resume and a new token leave most of it unused.
const PACE_FRAMES_MAX: u32 = 30;
const PACE_WINDOW: Duration = Duration::from_secs(10);
/// Time for the closing handshake, so that the client can read why.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server closes.
    Close(Closing),
    /// The client has closed, or can not be reached.
    Gone,
}

impl From<Closing> for End {
    fn from(closing: Closing) -> Self {
        Self::Close(closing)
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(_) => Closing::TooBig.into(),
            Error::Utf8(_) => Closing::NotUtf8.into(),
            Error::Protocol(_) => Closing::Malformed.into(),
            _ => Self::Gone,
        }
    }
}

impl From<Denied> for End {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Invalid => Closing::Unauthorized.into(),
            Denied::Unavailable => Closing::Unavailable.into(),
        }
    }
}

impl From<Lagged> for End {
    fn from(Lagged: Lagged) -> Self {
        Closing::TooSlow.into()
    }
}

/// Serves one connection until either side closes it. `token` is what the handshake carried.
pub(crate) async fn run<S>(
    gateway: &Gateway,
    socket: WebSocketStream<S>,
    authorize: &dyn Authorize,
    token: Option<String>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        gateway,
        socket,
        authorize,
        pace: Pace::new(),
    };
    let end = tokio::select! {
        biased;
        () = gateway.closing.cancelled() => Closing::Shutdown.into(),
        Err(end) = session.serve(token) => end,
    };
    tracing::debug!(?end, "a websocket session ends");
    if end == End::Close(Closing::TooSlow) {
        count_slow("websocket");
    }
    // A client that is gone, or does not answer, is not worth more than this.
    let _ = timeout(CLOSE_WITHIN, session.finish(end)).await;
}

struct Session<'a, S> {
    gateway: &'a Gateway,
    socket: WebSocketStream<S>,
    authorize: &'a dyn Authorize,
    pace: Pace,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    async fn serve(&mut self, token: Option<String>) -> Result<Infallible, End> {
        let config = &self.gateway.config;
        let deadline = Instant::now() + config.authentication_within;
        let token = match token {
            Some(token) => token,
            None => timeout_at(deadline, self.first_token())
                .await
                .map_err(|_| Closing::Unauthorized)??,
        };
        let grant = judge(self.authorize, &token, deadline).await?;
        drop(token);

        let listener = self.gateway.listen(&grant.user_id).await;
        let mut listener = listener.map_err(|_| Closing::TooMany)?;
        let mut ends_at = expiry(grant.expires_in);
        let welcome = Message::Text(ready(listener.position()));
        self.write(&mut listener, [welcome]).await?;

        let silence_max = config.ping_every + config.pong_within;
        let mut heard_at = Instant::now();
        let mut ping = interval_at(heard_at + config.ping_every, config.ping_every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // The client is heard before it is judged silent: while a write waited, nobody listened.
                biased;
                () = sleep_until(ends_at) => return Err(Closing::Unauthorized.into()),
                frame = self.socket.next() => {
                    heard_at = Instant::now();
                    if let Some(message) = self.understand(frame)? {
                        self.obey(message, &mut listener, &mut ends_at).await?;
                    }
                }
                next = listener.next() => match next? {
                    Next::Messages(messages) => {
                        let texts = messages.into_iter().map(|message| Message::Text(message.websocket_text()));
                        self.write(&mut listener, texts).await?;
                    }
                    Next::Reload => {
                        let anew = [Message::Text(ready(listener.position())), Message::text(RELOAD)];
                        self.write(&mut listener, anew).await?;
                    }
                },
                _ = ping.tick() => self.write(&mut listener, [Message::Ping(Bytes::new())]).await?,
                () = sleep_until(heard_at + silence_max) => return Err(End::Gone),
            }
        }
    }

    async fn first_token(&mut self) -> Result<String, End> {
        loop {
            let frame = self.socket.next().await;
            match self.understand(frame)? {
                Some(ClientMessage::Auth { token }) => return Ok(token),
                Some(ClientMessage::Resume { .. }) => return Err(Closing::Unexpected.into()),
                None => {}
            }
        }
    }

    /// Nothing if the frame says nothing to us, as a pong.
    fn understand(&mut self, frame: Option<Result<Message, Error>>) -> Result<Option<ClientMessage>, End> {
        let frame = frame.ok_or(End::Gone)??;
        if !self.pace.allows(Instant::now()) {
            return Err(Closing::TooFast.into());
        }
        match frame {
            Message::Text(text) => Ok(Some(serde_json::from_str(&text).map_err(|_| Closing::Unexpected)?)),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Close(_) => Err(End::Gone),
            Message::Binary(_) | Message::Frame(_) => Err(Closing::Unexpected.into()),
        }
    }

    async fn obey(
        &mut self,
        message: ClientMessage,
        listener: &mut Listener,
        ends_at: &mut Instant,
    ) -> Result<(), End> {
        match message {
            ClientMessage::Auth { token } => {
                let deadline = Instant::now() + self.gateway.config.authentication_within;
                let grant = judge(self.authorize, &token, deadline).await?;
                if grant.user_id != listener.user_id() {
                    return Err(Closing::Unexpected.into());
                }
                *ends_at = expiry(grant.expires_in);
                let extended = Message::Text(ready(listener.position()));
                self.write(listener, [extended]).await
            }
            ClientMessage::Resume { after } => match listener.resume(&after) {
                Resumed::Back => Ok(()),
                // Else the client would wait for the older id it was told at first.
                Resumed::Ahead => {
                    let here = Message::Text(ready(listener.position()));
                    self.write(listener, [here]).await
                }
                Resumed::Gone => self.write(listener, [Message::text(RELOAD)]).await,
            },
        }
    }

    /// Writes and flushes, unless the client falls behind or does not take it in time.
    async fn write(&mut self, listener: &mut Listener, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        let socket = &mut self.socket;
        let sending = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        tokio::select! {
            biased;
            sent = sending => Ok(sent?),
            () = listener.lagged() => Err(Lagged.into()),
            () = sleep(self.gateway.config.write_within) => Err(Closing::TooSlow.into()),
        }
    }

    /// The closing handshake.
    async fn finish(&mut self, end: End) {
        let unreadable = self.socket.is_terminated();
        if let End::Close(closing) = end
            && self.socket.close(Some(closing.frame())).await.is_err()
        {
            return;
        }
        while let Some(Ok(_)) = self.socket.next().await {}
        if unreadable {
            // A socket that is closed with unread bytes resets the connection, and the client would not read why.
            let mut unread = [0; 1024];
            while matches!(self.socket.get_mut().read(&mut unread).await, Ok(1..)) {}
        }
    }
}

async fn judge(authorize: &dyn Authorize, token: &str, deadline: Instant) -> Result<Grant, End> {
    let judged = timeout_at(deadline, authorize.authorize(token)).await;
    Ok(judged.map_err(|_| Closing::Unavailable)??)
}

/// How often the client speaks.
struct Pace {
    window_began: Instant,
    frames: u32,
}

impl Pace {
    fn new() -> Self {
        Self {
            window_began: Instant::now(),
            frames: 0,
        }
    }

    /// Counts one frame.
    fn allows(&mut self, now: Instant) -> bool {
        if now.duration_since(self.window_began) >= PACE_WINDOW {
            *self = Self {
                window_began: now,
                frames: 0,
            };
        }
        self.frames += 1;
        self.frames <= PACE_FRAMES_MAX
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{PACE_FRAMES_MAX, PACE_WINDOW, Pace};

    #[test]
    fn a_client_may_speak_so_often_and_no_more() {
        let start = Instant::now();
        let mut pace = Pace {
            window_began: start,
            frames: 0,
        };
        assert!((0..PACE_FRAMES_MAX).all(|_| pace.allows(start)));
        assert!(!pace.allows(start + PACE_WINDOW / 2));
        assert!(pace.allows(start + PACE_WINDOW));
    }
}
