//! Calls that no client asked for: events, jobs and ticks. Only so many run at a time, so that a backlog leaves the
//! instances to requests.

use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::{ComponentId, Delivery, EventSink, JobSink, Outcome, TimestampMs};
use tokio::{sync::SemaphorePermit, time::timeout};

use super::{component::CallError, registry::Components, state::Call, trace::Trace};

impl Components {
    /// Waits until a background call may run. Not bounded in time: the backlog is on disk, and its providers wait.
    async fn background_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.background.acquire().await.ok()
    }
}

/// The one place where a failed background call is logged.
fn failed(component: &ComponentId, what: &str, trace: Trace, error: &CallError) -> String {
    tracing::warn!(%component, call = what, trace_id = %trace, %error, "a background call failed");
    error.to_string()
}

const NO_COMPONENT: &str = "there is no such component";
const STOPPING: &str = "the host is stopping";

/// Between two looks whether a binding is back.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Components {
    async fn deliver_now(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let count = deliveries.len();
        let all = |reason: String| vec![Outcome::Retry(reason); count];
        let Some(target) = self.by_name(component) else {
            return all(NO_COMPONENT.to_owned());
        };
        let Some(_turn) = self.background_turn().await else {
            return all(STOPPING.to_owned());
        };
        let trace = Trace::begin();
        match target.deliver(deliveries, Call::new(trace)).await {
            Ok(outcomes) if outcomes.len() == count => outcomes,
            Ok(outcomes) => {
                let outcomes = outcomes.len();
                tracing::error!(%component, trace_id = %trace, deliveries = count, outcomes, "wrong number of outcomes");
                all(format!("{outcomes} outcomes for {count} deliveries"))
            }
            Err(error) => all(failed(component, "handle", trace, &error)),
        }
    }

    /// Waits until the bindings that the component needs are there, or the host stops.
    async fn outlast_outage(&self, component: &ComponentId) {
        let Some(target) = self.by_name(component) else { return };
        let mut is_told = false;
        while let Err(reason) = target.needs.are_met(&target.services.providers).await {
            if !is_told {
                tracing::warn!(%component, reason, "events wait for a binding");
                is_told = true;
            }
            if timeout(LOOK_EVERY, self.stopping.cancelled()).await.is_ok() {
                return;
            }
        }
    }
}

#[async_trait]
impl EventSink for Components {
    /// While a binding is away that the component needs, nothing is told of a failed call: an outage costs an event one
    /// attempt, however long it is, and no good event becomes a dead letter by it.
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let outcomes = self.deliver_now(component, deliveries).await;
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Retry(_))) {
            self.outlast_outage(component).await;
        }
        outcomes
    }
}

#[async_trait]
impl JobSink for Components {
    async fn run(&self, component: &ComponentId, name: &str, payload: &str) -> Result<(), String> {
        let target = self.by_name(component).ok_or(NO_COMPONENT)?;
        let _turn = self.background_turn().await.ok_or(STOPPING)?;
        let trace = Trace::begin();
        target
            .run(name, payload, Call::new(trace))
            .await
            .map_err(|e| failed(component, "run", trace, &e))?
    }

    async fn tick(&self, component: &ComponentId, schedule: &str, at: TimestampMs) -> Result<(), String> {
        let target = self.by_name(component).ok_or(NO_COMPONENT)?;
        let _turn = self.background_turn().await.ok_or(STOPPING)?;
        let trace = Trace::begin();
        target
            .tick(schedule, at, Call::new(trace))
            .await
            .map_err(|e| failed(component, "tick", trace, &e))?
    }
}
