//! Tells relays that there is something to publish.
//!
//! Those of this process hear it at once. Those of others hear it through `NOTIFY`, which is sent after the commit and not
//! in it: a transaction that notifies takes a lock of the whole database until it is durable, so commits would wait for
//! each other's fsync. If the process dies in between, the relays' own regular look finds the events.

use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::connections::Connections;
use crate::error::SqlError;

/// What relays listen to.
pub(crate) const CHANNEL: &str = "host_outbox";

/// The shortest time between two notices: a hundred a second cost nothing, and a relay that is awake needs none.
const NOTICE_EVERY: Duration = Duration::from_millis(10);

/// Said after every commit with events.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    here: watch::Sender<()>,
    elsewhere: Notify,
}

impl Waker {
    /// There are new events.
    pub(crate) fn wake(&self) {
        self.wake_here();
        self.elsewhere.notify_one();
    }

    /// Somebody else said that there are.
    pub(crate) fn wake_here(&self) {
        self.here.send_replace(());
    }

    /// Changes whenever there are.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.here.subscribe()
    }

    /// Passes it on to other processes, for ever.
    pub(crate) async fn tell_others(&self, connections: &Connections) {
        loop {
            self.elsewhere.notified().await;
            if let Err(error) = notify(connections).await {
                tracing::debug!(%error, "relays were not told; they will look by themselves");
            }
            tokio::time::sleep(NOTICE_EVERY).await;
        }
    }
}

async fn notify(connections: &Connections) -> Result<(), SqlError> {
    let lease = connections.lease().await?;
    lease.batch_execute("NOTIFY host_outbox").await?;
    lease.give_back();
    Ok(())
}
