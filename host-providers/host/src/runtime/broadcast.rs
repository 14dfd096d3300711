//! `dayloom:platform/broadcast` over [`dayloom_ports::Broadcast`].

use dayloom_ports::{BroadcastError, Message};

use super::{
    bindings::dayloom::platform::broadcast::{self, Error, Host},
    state::State,
};

impl Host for State {
    async fn send(&mut self, messages: Vec<broadcast::Message>) -> wasmtime::Result<Result<(), Error>> {
        let messages = messages.into_iter().map(message_in).collect();
        Ok(self.services.providers.broadcast.send(messages).await.map_err(refused))
    }
}

fn message_in(message: broadcast::Message) -> Message {
    let broadcast::Message {
        user_id,
        event_id,
        body,
    } = message;
    Message {
        user_id,
        event_id,
        body,
    }
}

fn refused(error: BroadcastError) -> Error {
    match error {
        BroadcastError::Invalid(reason) => Error::Invalid(reason),
        BroadcastError::Unavailable(reason) => Error::Unavailable(reason),
    }
}
