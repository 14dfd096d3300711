use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dayloom_ports::{Delivery, EventSink, Subscription, backoff};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, Dead, Next};
use super::graveyard::Graveyard;
use super::record::Record;
use crate::metrics::SubscriberMetrics;
use crate::time::now_ms;

/// Pause after the broker did not take a dead letter.
const BURIAL_PAUSE: Duration = Duration::from_secs(1);

/// What every lane of one subscriber works with.
pub(super) struct Subscriber {
    pub(super) subscription: Subscription,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) graveyard: Graveyard,
    pub(super) metrics: SubscriberMetrics,
}

#[derive(Debug)]
struct Shared {
    backlog: Mutex<Backlog>,
    /// There is something new in the backlog.
    filled: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One partition while it is this consumer's: the polling thread fills its backlog, a task of its own works it off, one
/// call at a time.
pub(super) struct Lane {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// None once its end was seen.
    task: Option<JoinHandle<()>>,
    /// Reading is paused until there is room.
    pub(super) is_paused: bool,
    /// The offset that was last sent to the broker.
    pub(super) sent: Option<i64>,
    /// The offset that the broker last confirmed.
    pub(super) confirmed: Option<i64>,
}

impl Lane {
    /// `previous` is the task that had the partition before and may still be in a call: a key's events must not be in
    /// two calls at once.
    pub(super) fn start(runtime: &Handle, subscriber: Arc<Subscriber>, previous: Option<JoinHandle<()>>) -> Self {
        let Subscription {
            batch, attempts_max, ..
        } = subscriber.subscription;
        let shared = Arc::new(Shared {
            backlog: Mutex::new(Backlog::new(batch, attempts_max)),
            filled: Notify::new(),
        });
        let stop = CancellationToken::new();
        let worker = Worker {
            shared: shared.clone(),
            stop: stop.clone(),
            subscriber,
        };
        Self {
            shared,
            stop,
            task: Some(runtime.spawn(worker.run(previous))),
            is_paused: false,
            sent: None,
            confirmed: None,
        }
    }

    pub(super) fn push(&self, record: Record) {
        self.shared.lock().push(record);
        self.shared.filled.notify_one();
    }

    pub(super) fn skip(&self, offset: i64) {
        self.shared.lock().skip(offset);
    }

    /// Everything before this offset is settled.
    pub(super) fn position(&self) -> Option<i64> {
        self.shared.lock().position()
    }

    pub(super) fn is_full(&self) -> bool {
        self.shared.lock().is_full()
    }

    pub(super) fn has_room(&self) -> bool {
        self.shared.lock().has_room()
    }

    /// Whether the task ended though nobody told it to: it panicked.
    pub(super) fn is_broken(&self) -> bool {
        !self.stop.is_cancelled() && self.task.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Begins no more calls.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for the task's end, on a thread that may block; whether it came before `deadline`. A panic of the task is
    /// this thread's, too.
    pub(super) fn wait(&mut self, runtime: &Handle, deadline: Instant) -> bool {
        let Some(task) = &mut self.task else { return true };
        match runtime.block_on(async { tokio::time::timeout_at(deadline.into(), task).await }) {
            Ok(ended) => {
                self.task = None;
                if let Err(error) = ended
                    && let Ok(panic) = error.try_into_panic()
                {
                    std::panic::resume_unwind(panic);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Leaves the task to end by itself; none if it did.
    pub(super) fn into_task(self) -> Option<JoinHandle<()>> {
        self.task
    }
}

struct Worker {
    shared: Arc<Shared>,
    stop: CancellationToken,
    subscriber: Arc<Subscriber>,
}

impl Worker {
    async fn run(self, previous: Option<JoinHandle<()>>) {
        if let Some(previous) = previous
            && let Err(error) = previous.await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
        while !self.stop.is_cancelled() {
            let next = self.shared.lock().next(Instant::now());
            match next {
                Next::Call(numbers, deliveries) => self.deliver(&numbers, deliveries).await,
                Next::Wait(due) => self.wait(due).await,
            }
        }
    }

    async fn wait(&self, due: Option<Instant>) {
        let retry = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.shared.filled.notified() => {}
            () = retry => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Makes one call and settles its outcomes.
    async fn deliver(&self, numbers: &[u64], deliveries: Vec<Delivery>) {
        let Subscriber {
            subscription,
            sink,
            metrics,
            ..
        } = &*self.subscriber;
        let outcomes = sink.deliver(&subscription.component, deliveries).await;
        let settled = self
            .shared
            .lock()
            .settle(numbers, outcomes, (Instant::now(), now_ms()), backoff::pause);
        metrics.delivered(settled.done, settled.retried, settled.rejected, settled.dead.len());
        for dead in &settled.dead {
            let source = &dead.record.source;
            tracing::warn!(
                subscriber = %subscription.component, topic = source.topic, partition = source.partition,
                offset = source.offset, attempts = dead.failures, "dead letter"
            );
        }
        if !settled.dead.is_empty() {
            self.bury(settled.dead).await;
        }
        // A sink that never waits must not keep the thread to itself.
        tokio::task::yield_now().await;
    }

    /// Writes until the broker has all of them. Given up only when the lane stops: then the events come again.
    async fn bury(&self, mut dead: Vec<Dead>) {
        let subscriber = &self.subscriber.subscription.component;
        loop {
            let results = self.subscriber.graveyard.bury(subscriber, &dead).await;
            let mut failure = None;
            let mut results = results.into_iter();
            dead.retain(|dead| match results.next() {
                Some(Ok(())) => {
                    self.shared.lock().buried(dead.number);
                    false
                }
                Some(Err(error)) => {
                    failure = Some(error);
                    true
                }
                None => true,
            });
            let Some(error) = failure else { return };
            tracing::warn!(%subscriber, %error, waiting = dead.len(), "dead letters were not written");
            if tokio::time::timeout(BURIAL_PAUSE, self.stop.cancelled()).await.is_ok() {
                return;
            }
        }
    }
}
