//! Hands the log to its subscribers.
//!
//! Every (subscriber, partition) is a lane of its own: a task that reads on from its cursor, calls the sink, and moves
//! the cursor only over what has an outcome (`backlog` holds the rules). A commit wakes the lanes of its partitions; the
//! newest events come from memory. Beside the lanes run three slow loops: cursors are written down (`cursors`), events
//! nobody needs any more are deleted (`retention`), and dead letters that somebody wants replayed are put back into their
//! lane (`replay`).

mod backlog;
mod cursors;
mod lane;
mod replay;
mod retention;
mod settlement;

use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::{EventSink, StorageError, Subscription, TopicMap};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::log::{PARTITIONS, Tail};
use crate::queue::Queue;
use crate::readers::Readers;
use backlog::Backlog;
use cursors::Cursors;
use lane::Lane;
use replay::{REPLAYS_PER_LANE_MAX, Replayer};

pub(crate) use cursors::undelivered;
pub(crate) use retention::trim_log;

/// Everything one run of the dispatcher works with.
pub(crate) struct Dispatcher {
    pub(crate) tail: Arc<Tail>,
    pub(crate) readers: Readers,
    pub(crate) queue: Queue,
    pub(crate) topic_map: Arc<TopicMap>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) log_retention: Duration,
    pub(crate) sink: Arc<dyn EventSink>,
}

impl Dispatcher {
    /// Delivers until `shutdown`, then writes the cursors down.
    pub(crate) async fn run(self, shutdown: CancellationToken) -> Result<(), StorageError> {
        let cursors = Arc::new(Cursors::default());
        let mut positions = cursors::register(&self.queue, &self.readers, &self.subscriptions).await?;
        let mut replayer = Replayer::new(self.readers.clone());
        let mut lanes = JoinSet::new();
        for subscription in &self.subscriptions {
            let subscription = Arc::new(subscription.clone());
            let mut inlets = Vec::new();
            for partition in 0..PARTITIONS {
                let (inlet, replays) = mpsc::channel(REPLAYS_PER_LANE_MAX);
                inlets.push(inlet);
                let position = positions
                    .remove(&(subscription.component.clone(), partition))
                    .unwrap_or(0);
                let backlog = Backlog::new(position, subscription.batch, subscription.attempts_max);
                let lane = self.lane(&subscription, partition, backlog, &cursors, replays);
                lanes.spawn(lane.run(shutdown.clone()));
            }
            replayer.add(subscription.component.clone(), inlets);
        }
        tokio::select! {
            () = finished(&mut lanes, &shutdown) => {}
            () = cursors.flush_now_and_then(&self.queue) => {}
            () = replayer.run() => {}
            () = retention::trim_now_and_then(&self.queue, &self.subscriptions, self.log_retention) => {}
        }
        cursors.flush(&self.queue).await
    }

    fn lane(
        &self,
        subscription: &Arc<Subscription>,
        partition: u8,
        backlog: Backlog,
        cursors: &Arc<Cursors>,
        replays: mpsc::Receiver<backlog::Pending>,
    ) -> Lane {
        Lane {
            subscription: subscription.clone(),
            partition,
            backlog,
            replays,
            wake: self.tail.subscribe(partition),
            tail: self.tail.clone(),
            readers: self.readers.clone(),
            queue: self.queue.clone(),
            topic_map: self.topic_map.clone(),
            cursors: cursors.clone(),
            sink: self.sink.clone(),
            metrics: crate::metrics::LaneMetrics::register(&subscription.component, partition),
        }
    }
}

/// Waits for the shutdown and for every lane. A lane that panicked is a bug of the program and ends the dispatcher.
async fn finished(lanes: &mut JoinSet<()>, shutdown: &CancellationToken) {
    while let Some(ended) = lanes.join_next().await {
        if let Err(error) = ended
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
    shutdown.cancelled().await;
}
