//! Publishes the outbox.
//!
//! A key belongs to a shard for ever, and a shard's rows are published in order by whoever holds the shard's row locked:
//! [`session`] takes some shards that have rows and that nobody holds, publishes their heads, deletes what was published,
//! and commits, which frees them. A relay that dies loses its connection and so its locks. Rows that a publisher did not
//! take stay, and their shard rests for a while ([`rests`]); the others go on.
//!
//! Positions are given after a commit's statements ran. So of two commits that changed one row, the later one has the
//! higher positions, and a key's events leave in the order in which its row was changed.

mod rests;
mod session;
mod settlement;

use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::EventPublisher;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::connections::{Connector, Purpose};
use crate::error::{SqlError, told};
use crate::metrics::RelayMetrics;
use crate::waker::Waker;
use rests::{Rests, pause};
use session::Session;

/// How long a batch may take to publish. Longer than a broker's own delivery time (30 s with Kafka here): what was given up
/// any earlier could still arrive, behind events that another relay published meanwhile.
const PUBLISH_MAX: Duration = Duration::from_secs(60);

/// How long the server lets a relay stand still in its transaction, before it takes it for dead: longer than it may publish.
const STANDSTILL_MAX: Duration = Duration::from_secs(90);

/// Between two looks if nothing is said: what a process that died right after its commit left, waits for so long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two rounds of measuring the backlog and forgetting old ids.
const KEEP_HOUSE_EVERY: Duration = Duration::from_secs(10);

/// Why a relay ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database refuses the relay's own statements: tables were changed, or rights taken, by hand.
    #[error("the database refuses the relay: {0}")]
    Refused(String),
}

/// One relay.
pub(crate) struct Relay {
    connector: Connector,
    waker: Arc<Waker>,
    publisher: Arc<dyn EventPublisher>,
    metrics: RelayMetrics,
}

impl Relay {
    pub(crate) fn new(connector: Connector, waker: Arc<Waker>, publisher: Arc<dyn EventPublisher>) -> Self {
        Self {
            connector,
            waker,
            publisher,
            metrics: RelayMetrics::register(),
        }
    }

    /// Publishes until `stop`, over as many connections as it takes.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RelayError> {
        let mut rests = Rests::default();
        let mut failures = 0;
        while !stop.is_cancelled() {
            let Err(error) = self.serve(&mut rests, &mut failures, &stop).await else {
                return Ok(());
            };
            let reason = told(&error);
            if matches!(SqlError::from(error), SqlError::Invalid(_)) {
                return Err(RelayError::Refused(reason));
            }
            failures += 1;
            tracing::warn!(reason, failures, "the relay lost its database and connects again");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause(failures)) => {}
            }
        }
        Ok(())
    }

    /// Publishes over one connection, until `stop` or its end.
    async fn serve(
        &self,
        rests: &mut Rests,
        failures: &mut u32,
        stop: &CancellationToken,
    ) -> Result<(), tokio_postgres::Error> {
        let (client, connection) = self.connector.connect(Purpose::Relay(STANDSTILL_MAX)).await?;
        let mut wake = self.waker.subscribe();
        session::drive(connection, self.waker.clone());
        let session = Session::open(&client, self.publisher.as_ref(), &self.metrics).await?;
        *failures = 0;
        let mut keep_house = tokio::time::interval(KEEP_HOUSE_EVERY);
        keep_house.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            // Before looking, so that what is committed meanwhile is either seen or told.
            wake.borrow_and_update();
            if keep_house.tick().now_or_never().is_some() {
                session.keep_house().await?;
            }
            if session.publish_batch(rests).await? > 0 {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                // The sender is this relay's own, so it does not go away.
                _ = wake.changed() => {}
                () = tokio::time::sleep(rests.next_end().min(LOOK_EVERY)) => {}
            }
        }
        Ok(())
    }
}
