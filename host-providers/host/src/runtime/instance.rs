//! One running instance and the calls it takes.

use std::time::Instant;

use dayloom_ports::{Delivery, Outcome};
use http::{Request, Response, uri::Scheme};
use http_body::Body;
use tokio::sync::oneshot;
use wasmtime::{Store, UpdateDeadline, component::InstancePre};
use wasmtime_wasi_http::{
    Error, WasiHttpView,
    p2::{
        bindings::{
            exports::wasi::http::incoming_handler,
            http::types::{ErrorCode, Scheme as WasiScheme},
        },
        body::HyperOutgoingBody,
    },
};

use super::{
    authority,
    bindings::exports::dayloom::platform::{cron, handler, job},
    component::CallError,
    state::State,
};

/// What a component sends as its response head, or the code it gives up with.
pub(super) type Head = Result<Response<HyperOutgoingBody>, ErrorCode>;

/// Which exports a component has, found once.
pub(super) struct Exports {
    http: Option<incoming_handler::GuestIndices>,
    handler: Option<handler::GuestIndices>,
    job: Option<job::GuestIndices>,
    cron: Option<cron::GuestIndices>,
}

/// The name of an export, for messages.
pub(super) const HTTP: &str = "wasi:http/incoming-handler";
pub(super) const HANDLER: &str = "dayloom:platform/handler";
pub(super) const JOB: &str = "dayloom:platform/job";
pub(super) const CRON: &str = "dayloom:platform/cron";

impl Exports {
    pub(super) fn of(pre: &InstancePre<State>) -> Self {
        Self {
            http: incoming_handler::GuestIndices::new(pre).ok(),
            handler: handler::GuestIndices::new(pre).ok(),
            job: job::GuestIndices::new(pre).ok(),
            cron: cron::GuestIndices::new(pre).ok(),
        }
    }

    pub(super) fn has(&self, export: &str) -> bool {
        match export {
            HTTP => self.http.is_some(),
            HANDLER => self.handler.is_some(),
            JOB => self.job.is_some(),
            CRON => self.cron.is_some(),
            _ => false,
        }
    }
}

/// An instance between or within calls. It takes one call at a time.
pub(super) struct Instance {
    pub(super) store: Store<State>,
    pub(super) calls: u32,
    pub(super) idle_since: Instant,
    http: Option<incoming_handler::Guest>,
    handler: Option<handler::Guest>,
    job: Option<job::Guest>,
    cron: Option<cron::Guest>,
}

impl Instance {
    pub(super) async fn new(pre: &InstancePre<State>, exports: &Exports, state: State) -> wasmtime::Result<Self> {
        let mut store = Store::new(pre.engine(), state);
        store.limiter_async(|state| &mut state.memory);
        // At each tick the guest steps aside for other tasks; how long it ran in all is measured around its calls.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let instance = pre.instantiate_async(&mut store).await?;
        let load = |store: &mut Store<State>| -> wasmtime::Result<_> {
            Ok((
                exports
                    .http
                    .as_ref()
                    .map(|indices| indices.load(&mut *store, &instance))
                    .transpose()?,
                exports
                    .handler
                    .as_ref()
                    .map(|indices| indices.load(&mut *store, &instance))
                    .transpose()?,
                exports
                    .job
                    .as_ref()
                    .map(|indices| indices.load(&mut *store, &instance))
                    .transpose()?,
                exports
                    .cron
                    .as_ref()
                    .map(|indices| indices.load(&mut *store, &instance))
                    .transpose()?,
            ))
        };
        let (http, handler, job, cron) = load(&mut store)?;
        Ok(Self {
            store,
            calls: 0,
            idle_since: Instant::now(),
            http,
            handler,
            job,
            cron,
        })
    }

    /// Runs a request to its end; the head goes to `head` as soon as the guest sets it, the body follows it.
    pub(super) async fn http<B>(
        &mut self,
        scheme: Scheme,
        request: Request<B>,
        head: oneshot::Sender<Head>,
    ) -> Result<(), CallError>
    where
        B: Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let guest = self.http.as_ref().ok_or(CallError::NotExported(HTTP))?;
        authority::check(&request).map_err(|error| CallError::Request(error.into()))?;
        let scheme = if scheme == Scheme::HTTPS {
            WasiScheme::Https
        } else {
            WasiScheme::Http
        };
        let mut view = self.store.data_mut().http();
        let request = view.new_incoming_request(scheme, request).map_err(CallError::Request)?;
        let outparam = view.new_response_outparam(head).map_err(CallError::Trap)?;
        guest
            .call_handle(&mut self.store, request, outparam)
            .await
            .map_err(CallError::Trap)
    }

    pub(super) async fn deliver(&mut self, deliveries: Vec<Delivery>) -> Result<Vec<Outcome>, CallError> {
        let guest = self.handler.as_ref().ok_or(CallError::NotExported(HANDLER))?;
        let deliveries: Vec<_> = deliveries.into_iter().map(delivery_out).collect();
        let outcomes = guest
            .call_handle(&mut self.store, &deliveries)
            .await
            .map_err(CallError::Trap)?;
        Ok(outcomes.into_iter().map(outcome_in).collect())
    }

    pub(super) async fn run(&mut self, name: &str, payload: &str) -> Result<Result<(), String>, CallError> {
        let guest = self.job.as_ref().ok_or(CallError::NotExported(JOB))?;
        guest
            .call_run(&mut self.store, name, payload)
            .await
            .map_err(CallError::Trap)
    }

    pub(super) async fn tick(&mut self, schedule: &str, at: u64) -> Result<Result<(), String>, CallError> {
        let guest = self.cron.as_ref().ok_or(CallError::NotExported(CRON))?;
        guest
            .call_tick(&mut self.store, schedule, at)
            .await
            .map_err(CallError::Trap)
    }
}

fn delivery_out(delivery: Delivery) -> handler::Delivery {
    let Delivery {
        topic,
        key,
        attempt,
        body,
    } = delivery;
    handler::Delivery {
        topic,
        key,
        attempt,
        body,
    }
}

fn outcome_in(outcome: handler::Outcome) -> Outcome {
    match outcome {
        handler::Outcome::Done => Outcome::Done,
        handler::Outcome::Retry(reason) => Outcome::Retry(reason),
        handler::Outcome::Reject(reason) => Outcome::Reject(reason),
    }
}
