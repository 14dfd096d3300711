//! `dayloom:platform/scheduler` over [`dayloom_ports::Scheduler`].

use dayloom_ports::SchedulerError;

use super::{
    bindings::dayloom::platform::scheduler::{Error, Host, TimestampMs},
    state::State,
};

impl Host for State {
    async fn schedule(
        &mut self,
        name: String,
        at: TimestampMs,
        payload: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let services = &self.services;
        let set = services
            .providers
            .scheduler
            .schedule(&services.component, &name, at, &payload)
            .await;
        Ok(set.map_err(refused))
    }

    async fn cancel(&mut self, name: String) -> wasmtime::Result<Result<(), Error>> {
        let services = &self.services;
        Ok(services
            .providers
            .scheduler
            .cancel(&services.component, &name)
            .await
            .map_err(refused))
    }
}

fn refused(error: SchedulerError) -> Error {
    match error {
        SchedulerError::Invalid(reason) => Error::Invalid(reason),
        SchedulerError::Unavailable(reason) => Error::Unavailable(reason),
    }
}
