//! A loaded component and the calls it takes, each within its limits.

use std::{
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use dayloom_ports::{ComponentId, Delivery, Outcome};
use http::{Request, Response, uri::Scheme};
use http_body::Body;
use tokio::sync::oneshot;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::{Error, p2::bindings::http::types::ErrorCode};

use super::{
    instance::{Exports, Instance},
    needs::Needs,
    pool::{Full, Pool},
    reply::ReplyBody,
    state::{Call, Services, State},
};
use crate::{config::Limits, meters::CallMeters};

/// Why a call gave no answer. Except for `Overloaded`, the instance is not used again.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// All instances are busy and the queue is full or slow.
    #[error("all instances are busy")]
    Overloaded,
    /// No instance could be made.
    #[error("the component can not start: {0:#}")]
    Instantiate(wasmtime::Error),
    /// It took longer than its time.
    #[error("the call took too long")]
    Timeout,
    /// It ran on a processor for longer than it may.
    #[error("the call used up its processor time")]
    Cpu,
    /// The guest trapped, which is a bug of the guest.
    #[error("the component trapped: {0:#}")]
    Trap(wasmtime::Error),
    /// The guest returned without a response.
    #[error("the component gave no response")]
    NoAnswer,
    /// The guest answered with an error code instead of a response.
    #[error("the component answered with {0:?}")]
    Refused(ErrorCode),
    /// The request can not be handed over, such as one without a host.
    #[error("the request can not be handed over: {0:#}")]
    Request(wasmtime::Error),
    /// The component has no such export.
    #[error("the component does not export {0}")]
    NotExported(&'static str),
}

/// A component of the application, ready to be called from any task.
pub struct Component {
    pub(super) pre: InstancePre<State>,
    pub(super) exports: Exports,
    pub(super) needs: Needs,
    pub(super) services: Arc<Services>,
    pub(super) pool: Pool,
    pub(super) limits: Arc<Limits>,
    pub(super) meters: CallMeters,
}

impl Component {
    /// Its id.
    pub fn id(&self) -> &ComponentId {
        &self.services.component
    }

    pub(crate) fn meters(&self) -> &CallMeters {
        &self.meters
    }

    /// Answers a request. The response's body may still be written while it is read.
    ///
    /// Dropping the future, or the body before its end, ends the guest's work.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn http<B>(
        self: &Arc<Self>,
        scheme: Scheme,
        request: Request<B>,
        call: Call,
    ) -> Result<Response<ReplyBody>, CallError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let mut lease = self.lease(call).await?;
        let (sender, mut head) = oneshot::channel();
        let stream_time = Duration::from_millis(self.limits.call_stream_ms_max);
        let cpu_time = self.limits.call_cpu_time();
        let mut running = Box::pin(async move {
            let outcome = limited(lease.instance.http(scheme, request, sender), stream_time, cpu_time).await;
            lease.finish(&outcome);
            outcome
        });
        // In this order, so that a call that never waits ends here without a timer and without another task.
        tokio::select! {
            biased;
            outcome = &mut running => {
                outcome?;
                let response = head.try_recv().map_err(|_| CallError::NoAnswer)?.map_err(CallError::Refused)?;
                Ok(response.map(ReplyBody::complete))
            }
            response = &mut head => {
                let response = response.map_err(|_| CallError::NoAnswer)?.map_err(CallError::Refused)?;
                Ok(ReplyBody::streaming(response, running))
            }
            () = tokio::time::sleep(self.limits.call_time()) => Err(CallError::Timeout),
        }
    }

    /// Hands events over and returns what became of each, in order.
    ///
    /// # Errors
    /// See [`CallError`]; then it is unknown which were handled.
    pub async fn deliver(self: &Arc<Self>, deliveries: Vec<Delivery>, call: Call) -> Result<Vec<Outcome>, CallError> {
        let mut lease = self.lease(call).await?;
        let outcome = limited(
            lease.instance.deliver(deliveries),
            self.limits.call_time(),
            self.limits.call_cpu_time(),
        )
        .await;
        lease.finish(&outcome);
        outcome
    }

    /// Runs a job; the inner error is the component's own.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn run(self: &Arc<Self>, name: &str, payload: &str, call: Call) -> Result<Result<(), String>, CallError> {
        let mut lease = self.lease(call).await?;
        let outcome = limited(
            lease.instance.run(name, payload),
            self.limits.call_time(),
            self.limits.call_cpu_time(),
        )
        .await;
        lease.finish(&outcome);
        outcome
    }

    /// Runs a tick; the inner error is the component's own. `at` is in milliseconds since the Unix epoch, UTC.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn tick(self: &Arc<Self>, schedule: &str, at: u64, call: Call) -> Result<Result<(), String>, CallError> {
        let mut lease = self.lease(call).await?;
        let outcome = limited(
            lease.instance.tick(schedule, at),
            self.limits.call_time(),
            self.limits.call_cpu_time(),
        )
        .await;
        lease.finish(&outcome);
        outcome
    }

    async fn lease(self: &Arc<Self>, call: Call) -> Result<Lease, CallError> {
        self.pool.enter().await.map_err(|Full| CallError::Overloaded)?;
        let turn = Turn(self.clone());
        let mut instance = match self.pool.take() {
            Some(instance) => instance,
            None => {
                self.meters.instances.increment(1);
                let state = State::new(self.services.clone(), &self.limits);
                Instance::new(&self.pre, &self.exports, state)
                    .await
                    .map_err(CallError::Instantiate)?
            }
        };
        instance.store.data_mut().begin(call);
        Ok(Lease { instance, turn })
    }
}

/// An instance at work. Dropped before [`Lease::finish`], that is in the middle of a call, the instance goes with it.
struct Lease {
    // Before the turn, so that an instance's place in the allocator is free when the next one is made.
    instance: Instance,
    turn: Turn,
}

impl Lease {
    /// Keeps the instance for the next call, if this one ended well and left it small.
    fn finish<T>(mut self, outcome: &Result<T, CallError>) {
        let Turn(component) = &self.turn;
        self.instance.calls += 1;
        let worn = self.instance.calls >= component.limits.instance_calls_max;
        if outcome.is_ok() && !worn && !self.instance.store.data().memory.is_large() {
            self.instance.idle_since = Instant::now();
            component.pool.keep(self.instance);
        }
    }
}

/// The right to use one instance, given back on drop.
struct Turn(Arc<Component>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.pool.leave();
    }
}

/// Ends a call that takes too long, by the clock (`time`) or on the processor (`cpu_time`).
///
/// The processor's time is that of the polls, which the guest's yields keep short: waiting costs nothing.
async fn limited<T>(
    call: impl Future<Output = Result<T, CallError>>,
    time: Duration,
    cpu_time: Duration,
) -> Result<T, CallError> {
    let mut call = pin!(call);
    let mut used = Duration::ZERO;
    let metered = std::future::poll_fn(|context| {
        let begun = Instant::now();
        let polled = call.as_mut().poll(context);
        used += begun.elapsed();
        match polled {
            Poll::Pending if used > cpu_time => Poll::Ready(Err(CallError::Cpu)),
            polled => polled,
        }
    });
    tokio::time::timeout(time, metered)
        .await
        .unwrap_or(Err(CallError::Timeout))
}
