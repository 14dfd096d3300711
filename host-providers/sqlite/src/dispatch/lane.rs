use std::sync::Arc;
use std::time::Duration;

use dayloom_ports::{EventSink, StorageError, Subscription, TopicMap, backoff};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Origin, Pending};
use super::cursors::{Cursors, LaneId};
use super::settlement::Settlement;
use crate::log::{Slice, Tail, scan};
use crate::metrics::LaneMetrics;
use crate::queue::Queue;
use crate::readers::Readers;
use crate::time::now_ms;

/// Entries read at a time, and pending at most.
const READ_ENTRIES_MAX: usize = 512;

/// Bytes of bodies read at a time (and one more entry). Every lane may hold as much.
const READ_BYTES_MAX: usize = 512 * 1024;

/// An idle lane looks at the log this often though nothing woke it. It also moves its cursor over what it does not want.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Pause after the database did not take or give something.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// One subscriber in one partition: one call at a time, in order.
pub(super) struct Lane {
    pub(super) subscription: Arc<Subscription>,
    pub(super) partition: u8,
    pub(super) backlog: Backlog,
    /// Dead letters to deliver again.
    pub(super) replays: mpsc::Receiver<Pending>,
    pub(super) wake: watch::Receiver<()>,
    pub(super) tail: Arc<Tail>,
    pub(super) readers: Readers,
    pub(super) queue: Queue,
    pub(super) topic_map: Arc<TopicMap>,
    pub(super) cursors: Arc<Cursors>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) metrics: LaneMetrics,
}

impl Lane {
    /// Delivers until `shutdown`; a call that is under way is waited for.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        let id: LaneId = (self.subscription.component.clone(), self.partition);
        while !shutdown.is_cancelled() {
            while let Ok(replay) = self.replays.try_recv() {
                self.backlog.replay(replay);
            }
            let pause = if self.backlog.is_empty() {
                self.refill(&id).await
            } else {
                None
            };
            let pause = match pause {
                Some(pause) => Some(pause),
                None if self.backlog.is_empty() => {
                    self.wait(&shutdown).await;
                    continue;
                }
                None => self.deliver(&id, &shutdown).await,
            };
            if let Some(pause) = pause {
                let _ = tokio::time::timeout(pause, shutdown.cancelled()).await;
            }
        }
    }

    /// Reads on; how long to pause if that failed.
    async fn refill(&mut self, id: &LaneId) -> Option<Duration> {
        // What is written from here on wakes the lane again.
        self.wake.mark_unchanged();
        let before = self.backlog.scanned();
        let slice = match self.read(before).await {
            Ok(slice) => slice,
            Err(error) => {
                tracing::warn!(subscriber = %id.0, partition = id.1, %error, "the event log could not be read");
                return Some(DATABASE_PAUSE);
            }
        };
        let pending = slice.entries.into_iter().filter_map(|entry| {
            let topic = topic_of(&self.subscription, &self.topic_map, &entry.event_type)?.to_owned();
            Some(Pending {
                entry,
                topic,
                origin: Origin::Log,
                failures: 0,
                first_failed_at: 0,
            })
        });
        self.backlog.extend(pending, slice.scanned);
        if self.backlog.is_empty() && slice.scanned > before {
            self.note(id);
            // On disk there may be more to skip; in memory this was the end.
            if slice.scanned < self.tail.head() {
                return Some(Duration::ZERO);
            }
        }
        None
    }

    async fn read(&self, after: u64) -> Result<Slice, StorageError> {
        let wanted = |event_type: &str| topic_of(&self.subscription, &self.topic_map, event_type).is_some();
        if let Some(slice) = self
            .tail
            .read(self.partition, after, READ_ENTRIES_MAX, READ_BYTES_MAX, wanted)
        {
            return Ok(slice);
        }
        let (subscription, topic_map, partition) = (self.subscription.clone(), self.topic_map.clone(), self.partition);
        let read = move |connection: &rusqlite::Connection| {
            let wanted = |event_type: &str| topic_of(&subscription, &topic_map, event_type).is_some();
            scan(connection, partition, after, READ_ENTRIES_MAX, READ_BYTES_MAX, wanted)
        };
        self.readers.host_long(read).await
    }

    /// Waits for events, a replay, the shutdown, or a while.
    async fn wait(&mut self, shutdown: &CancellationToken) {
        tokio::select! {
            // The tail lives as long as the lane, so this never fails.
            _ = self.wake.changed() => {}
            Some(replay) = self.replays.recv() => self.backlog.replay(replay),
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            () = shutdown.cancelled() => {}
        }
    }

    /// Makes one call and settles its outcomes; how long to pause before the next.
    async fn deliver(&mut self, id: &LaneId, shutdown: &CancellationToken) -> Option<Duration> {
        let outcomes = self.sink.deliver(&id.0, self.backlog.deliveries()).await;
        let settled = self.backlog.settle(outcomes, now_ms());
        self.metrics
            .delivered(settled.done, settled.retried, settled.rejected, settled.dead.len());
        let pause = settled.failures.map(backoff::pause);
        for dead in &settled.dead {
            let entry = &dead.pending.entry;
            tracing::warn!(subscriber = %id.0, event_id = %entry.id, attempts = dead.pending.failures, "dead letter");
        }
        match Settlement::of(id, self.backlog.cursor(), settled) {
            None => self.note(id),
            Some(settlement) => self.write(settlement, shutdown).await,
        }
        pause
    }

    /// Writes until it is durable. Given up only at the shutdown: then the events come again.
    async fn write(&self, settlement: Settlement, shutdown: &CancellationToken) {
        let settlement = Arc::new(settlement);
        loop {
            let written = settlement.clone();
            let Err(error) = self.queue.host(move |connection| written.write(connection)).await else {
                return;
            };
            tracing::warn!(subscriber = %settlement.lane.0, %error, "dead letters were not written");
            if tokio::time::timeout(DATABASE_PAUSE, shutdown.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    fn note(&self, id: &LaneId) {
        let cursor = self.backlog.cursor();
        self.cursors.note(id, cursor);
        self.metrics.lag(self.tail.head().saturating_sub(cursor));
    }
}

/// The first of the subscription's topics that carries the type, if the subscriber wants it at all.
fn topic_of<'a>(subscription: &'a Subscription, topic_map: &TopicMap, event_type: &str) -> Option<&'a str> {
    if !subscription.types.is_empty() && !subscription.types.iter().any(|wanted| wanted == event_type) {
        return None;
    }
    let carrying = topic_map.topics_of(event_type);
    subscription
        .topics
        .iter()
        .find(|topic| carrying.contains(topic))
        .map(String::as_str)
}
