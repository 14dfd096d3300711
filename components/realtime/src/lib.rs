//! The realtime service: who may listen to live events, and what they hear.
//!
//! It holds no connection and stores nothing. To hold one is the host's part: an answer with the headers of [`hold`] tells
//! it whose messages the connection gets and until when (the GRIP convention).

mod hear;
mod hold;
mod session;
mod sse;
mod ws;

use axum::Router;
use dayloom_kit::bindings::dayloom::platform::broadcast;
use dayloom_kit::{Problem, openapi::Shared};
use utoipa::OpenApi;

struct Realtime;

dayloom_kit::component!("realtime", Realtime, super::routes, [broadcast keyvalue config outgoing_http]);
dayloom_kit::handler!(Realtime, hear::handle);

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "realtime", description = "Events at the moment they happen"))
)]
struct Document;

dayloom_kit::routes! {
    Document:
    ws::ws,
    sse::sse,
}

/// Everything this service answers over HTTP.
pub fn routes() -> Router {
    dayloom_kit::with_health(router(), ready)
}

/// Sends nothing, to see whether it would be taken.
fn ready() -> Result<(), Problem> {
    broadcast::send(&[]).map_err(|error| {
        eprintln!("broadcast is not ready: {error:?}");
        Problem::unavailable()
    })
}
