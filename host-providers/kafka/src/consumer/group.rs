use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::committer::Committer;
use super::lane::Subscriber;
use super::lanes::Lanes;
use super::rebalance::Membership;
use crate::client::settings;
use crate::names::Names;
use crate::{ConsumeError, KafkaConfig};

/// Between two commits. What a crash repeats is what was settled in this time.
const COMMIT_INTERVAL: Duration = Duration::from_millis(100);

/// Between two looks whether a paused partition has room again.
const RESUME_INTERVAL: Duration = Duration::from_millis(10);

/// How long stopping waits for the calls under way.
const STOP_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long stopping waits for the broker to confirm the last offsets.
const CONFIRM_WAIT_MAX: Duration = Duration::from_secs(5);

/// Pause before a client that failed for good is replaced.
const REPLACE_PAUSE: Duration = Duration::from_secs(1);

/// Milliseconds between heartbeats, by which members learn that the group changes: who joins waits for that.
const HEARTBEAT_INTERVAL_MS: &str = "1000";

/// Milliseconds without a poll after which the member is taken for stuck. The thread polls every [`COMMIT_INTERVAL`]
/// unless a rebalance waits, so this is never met; it may not be under the session time-out.
const MAX_POLL_INTERVAL_MS: &str = "300000";

/// Milliseconds between two looks at the topics. A broker that is just back may not know them yet, and the client joins
/// its group only once it was told of them: with its own default of 5 minutes it would stand still as long.
const METADATA_INTERVAL_MS: &str = "5000";

/// Records the client fetches ahead per partition, about one backlog: a paused partition fetches them again.
const PREFETCH_RECORDS: &str = "1000";
/// KiB the client fetches ahead for all partitions of a group.
const PREFETCH_KIB_MAX: &str = "8192";
/// Milliseconds before the client looks whether it may fetch on. Its own default of 1 s would be the pace of a backlog.
const FETCH_BACKOFF_MS: &str = "10";
/// Milliseconds between two reports of the client: how fresh lag is, and how soon it is seen that the client is lost.
const STATISTICS_INTERVAL_MS: &str = "5000";

/// One subscriber's membership in its consumer group.
pub(super) struct Group {
    settings: ClientConfig,
    names: Names,
    subscriber: Arc<Subscriber>,
    runtime: Handle,
    stop: CancellationToken,
}

impl Group {
    pub(super) fn new(
        config: &KafkaConfig,
        names: &Names,
        subscriber: Arc<Subscriber>,
        runtime: Handle,
        stop: CancellationToken,
    ) -> Self {
        let mut settings = settings(config);
        settings
            .set("group.id", names.group(&subscriber.subscription.component))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", config.session_timeout_ms.to_string())
            .set("heartbeat.interval.ms", HEARTBEAT_INTERVAL_MS)
            .set("max.poll.interval.ms", MAX_POLL_INTERVAL_MS)
            .set("topic.metadata.refresh.interval.ms", METADATA_INTERVAL_MS)
            .set("queued.min.messages", PREFETCH_RECORDS)
            .set("queued.max.messages.kbytes", PREFETCH_KIB_MAX)
            .set("fetch.queue.backoff.ms", FETCH_BACKOFF_MS)
            .set("statistics.interval.ms", STATISTICS_INTERVAL_MS);
        Self {
            settings,
            names: names.clone(),
            subscriber,
            runtime,
            stop,
        }
    }

    /// Polls until `stop`. Blocks; for a thread of its own.
    pub(super) fn run(self) -> Result<(), ConsumeError> {
        loop {
            let lanes = Lanes::new(self.names.clone(), self.runtime.clone(), self.subscriber.clone());
            let consumer = BaseConsumer::from_config_and_context(&self.settings, Membership::new(lanes))?;
            let consumer = Arc::new(consumer);
            let mut committer = Committer::start(consumer.clone())?;
            let topics = self.names.heard_by(&self.subscriber.subscription);
            consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
            let ended = self.poll(&consumer, &mut committer);
            finish(&consumer, committer);
            // Leaves the group, unless a commit still waits for the broker: then when that ends.
            drop(consumer);
            let Err(error) = ended else { return Ok(()) };
            tracing::error!(subscriber = %self.subscriber.subscription.component, %error, "the consumer failed and is replaced");
            let stopped = async { tokio::time::timeout(REPLACE_PAUSE, self.stop.cancelled()).await };
            if self.runtime.block_on(stopped).is_ok() {
                return Ok(());
            }
        }
    }

    /// Polls until `stop`, or until the client can not go on.
    fn poll(&self, consumer: &BaseConsumer<Membership>, committer: &mut Committer) -> KafkaResult<()> {
        let (mut committed, mut resumed) = (Instant::now(), Instant::now());
        let mut is_paused = false;
        let mut trouble = None;
        while !self.stop.is_cancelled() {
            if consumer.context().brokers.are_forgotten() {
                return Err(KafkaError::Global(RDKafkaErrorCode::AllBrokersDown));
            }
            match consumer.poll(if is_paused { RESUME_INTERVAL } else { COMMIT_INTERVAL }) {
                Some(Ok(message)) => {
                    trouble = None;
                    let must_pause = consumer.context().lanes().take(&message);
                    if must_pause {
                        let mut full = TopicPartitionList::new();
                        full.add_partition(message.topic(), message.partition());
                        consumer.pause(&full)?;
                        is_paused = true;
                    }
                }
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                // The same comes again and again while it lasts.
                Some(Err(error)) if trouble.as_ref() != Some(&error) => {
                    tracing::warn!(subscriber = %self.subscriber.subscription.component, %error, "nothing can be read; it is tried again");
                    trouble = Some(error);
                }
                Some(Err(_)) | None => {}
            }
            if is_paused && resumed.elapsed() >= RESUME_INTERVAL {
                resumed = Instant::now();
                let with_room = consumer.context().lanes().with_room();
                if with_room.count() > 0 {
                    consumer.resume(&with_room)?;
                }
                is_paused = consumer.context().lanes().any_paused();
            }
            if committed.elapsed() >= COMMIT_INTERVAL {
                committed = Instant::now();
                consumer.context().lanes().check();
                commit(consumer, committer)?;
            }
        }
        Ok(())
    }
}

/// Takes the last answer, and sends what moved since.
fn commit(consumer: &BaseConsumer<Membership>, committer: &mut Committer) -> KafkaResult<()> {
    if let Some((result, offsets)) = committer.answer() {
        if let Err(error) = &result {
            tracing::warn!(%error, "progress was not written down; it is tried again");
        }
        consumer.context().lanes().answered(&result, &offsets);
    }
    if !committer.is_busy() {
        let moved = consumer.context().lanes().moved()?;
        committer.commit(moved);
    }
    Ok(())
}

/// Lets the calls under way end and writes down where they are. What is polled meanwhile is not handed over.
fn finish(consumer: &BaseConsumer<Membership>, mut committer: Committer) {
    let lanes = || consumer.context().lanes();
    lanes().stop(Instant::now() + STOP_WAIT_MAX);
    let deadline = Instant::now() + CONFIRM_WAIT_MAX;
    loop {
        if let Err(error) = commit(consumer, &mut committer) {
            tracing::warn!(%error, "the last progress was not sent; some events come again");
            break;
        }
        if lanes().are_confirmed() {
            break;
        }
        if Instant::now() >= deadline {
            tracing::warn!("the last progress was not confirmed in time; some events come again");
            break;
        }
        if let Some(Err(error)) = consumer.poll(RESUME_INTERVAL) {
            tracing::debug!(%error, "while stopping");
        }
    }
    // Leaving the group asks for the partitions once more, and there is nothing left to wait for.
    lanes().clear();
    committer.end();
}
