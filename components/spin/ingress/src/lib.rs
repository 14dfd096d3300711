//! The edge of a service on Spin: a component that stands in front of the service and passes every request on, except those
//! of the platform.
//!
//! - `GET /dapr/config`, `GET /dapr/subscribe`: what the sidecar asks when it starts ([`subscribe`]).
//! - `POST /events/<topic>`, `POST /events`: events from the sidecar, or from another service's relay ([`events`]).
//! - `POST /job/<name>`, `POST /cron`, `OPTIONS /cron`: timers ([`job`], [`cron`]).
//! - Everything else is the service's, untouched: the request and the place for its answer are handed over as they are, so
//!   bodies stream and trailers stay. Where the service wants a connection held open, [`live`] holds it.
//!
//! Once a request that may have committed is answered, [`relay`] sends on what was committed.
//!
//! # Invariants
//! - Spin makes an instance for each request. Nothing is kept between two.
//! - The relay runs after the answer: no client waits for it, and nothing is lost without it.
//! - A plain `GET` costs a look at one variable.

mod access;
mod answer;
mod bindings;
mod cloud_event;
mod cron;
mod envelope;
mod events;
mod exchange;
mod job;
mod live;
mod relay;
mod route;
mod subscribe;

use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::incoming_handler as service;
use dayloom_spin_kit::Settings;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::exchange::Answer;
use crate::route::{Internal, Route};

struct Ingress;

impl Guest for Ingress {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let method = request.method();
        let target = request.path_with_query().unwrap_or_default();
        match Route::of(&method, &target) {
            Route::Service { may_commit: true } => {
                service::handle(request, response);
                // From here on the client has its answer. If the process dies, the rows wait for the next pass.
                relay::pass(&Settings::read());
            }
            Route::Service { may_commit: false } if live::may_hold(&method, &request) => {
                live::serve(&request, &target, response);
            }
            Route::Service { may_commit: false } => service::handle(request, response),
            Route::Internal(route) => internal(&route, request, response),
        }
    }
}

/// Serves the platform's own routes.
fn internal(route: &Internal, request: IncomingRequest, response: ResponseOutparam) {
    let settings = Settings::read();
    if let Err(refusal) = access::check(&settings, &request) {
        return exchange::respond(response, refusal);
    }
    let (answer, committed) = match route {
        Internal::Config => (Answer::json(&serde_json::Map::new()), false),
        Internal::Subscribe => (subscribe::answer(&settings), false),
        Internal::CronOffered => (Answer::empty(), false),
        Internal::Events { topic } => events::receive(&settings, topic.as_deref(), request),
        Internal::Job { name } => (job::run(name, request), true),
        Internal::Cron => (cron::run(&settings), true),
    };
    exchange::respond(response, answer);
    if committed {
        relay::pass(&settings);
    }
}
