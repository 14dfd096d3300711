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

use dayloom_ports::{EventPublisher, backoff};
use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::connections::{Connector, Purpose, RelayTimes};
use crate::error::SqlError;
use crate::metrics::RelayMetrics;
use crate::waker::Waker;
use rests::Rests;
use session::Session;

/// How long a batch may take to publish. Longer than a broker's own delivery time (30 s with Kafka here): what was given up
/// any earlier could still arrive, behind events that another relay published meanwhile.
const PUBLISH_MAX: Duration = Duration::from_secs(60);

/// The server's limits. One statement handles a whole batch, on a disk that may be busy; and a relay that stands still for
/// longer than it may publish is taken for dead.
const TIMES: RelayTimes = RelayTimes {
    statement_max: Duration::from_secs(20),
    standstill_max: Duration::from_secs(90),
};

/// How long the server may be silent before the relay connects again: longer than the statements of one flush may take.
const ANSWER_MAX: Duration = Duration::from_secs(60);

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
            if let SqlError::Invalid(reason) = error {
                return Err(RelayError::Refused(reason));
            }
            failures += 1;
            tracing::warn!(%error, failures, "the relay lost its database and connects again");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(backoff::pause(failures)) => {}
            }
        }
        Ok(())
    }

    /// Publishes over one connection, until `stop` or its end.
    async fn serve(&self, rests: &mut Rests, failures: &mut u32, stop: &CancellationToken) -> Result<(), SqlError> {
        let (client, connection) = self.connector.connect(Purpose::Relay(TIMES)).await?;
        let mut wake = self.waker.subscribe();
        let _driver = session::drive(connection, self.waker.clone());
        let session = Session::open(&client, self.publisher.as_ref(), &self.metrics).await?;
        *failures = 0;
        let mut keep_house = tokio::time::interval(KEEP_HOUSE_EVERY);
        keep_house.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            // Before looking, so that what is committed meanwhile is either seen or told.
            wake.borrow_and_update();
            if keep_house.tick().now_or_never().is_some() {
                match session.keep_house().await {
                    Err(error) if client.is_closed() => return Err(error),
                    // Publishing does not depend on it.
                    Err(error) => tracing::warn!(%error, "the outbox was not measured and tidied"),
                    Ok(()) => {}
                }
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
