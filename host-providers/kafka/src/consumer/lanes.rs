use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::lane::{Lane, Subscriber};
use super::record::Record;
use crate::names::Names;

/// Topic (its full name) and partition.
type Place = (String, i32);

/// The partitions that are this member's now.
pub(super) struct Lanes {
    pub(super) names: Names,
    pub(super) retry_topic: String,
    pub(super) runtime: Handle,
    pub(super) subscriber: Arc<Subscriber>,
    lanes: HashMap<String, HashMap<i32, Lane>>,
    /// Tasks of partitions that were taken away while a call was under way.
    leaving: HashMap<Place, JoinHandle<()>>,
}

impl Lanes {
    pub(super) fn new(names: Names, runtime: Handle, subscriber: Arc<Subscriber>) -> Self {
        Self {
            retry_topic: names.retry_topic(&subscriber.subscription.component),
            names,
            runtime,
            subscriber,
            lanes: HashMap::new(),
            leaving: HashMap::new(),
        }
    }

    /// Puts a record into its lane; whether the lane's partition should be paused now.
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>) -> bool {
        let (topic, partition) = (message.topic(), message.partition());
        if !self
            .lanes
            .get(topic)
            .is_some_and(|lanes| lanes.contains_key(&partition))
        {
            self.open(topic, partition);
        }
        let Some(lane) = self.lanes.get_mut(topic).and_then(|lanes| lanes.get_mut(&partition)) else {
            return false;
        };
        let record = Record::of(message, self.names.bare(topic), topic == self.retry_topic);
        if record.is_wanted(&self.subscriber.subscription.types) {
            lane.push(record);
        } else {
            lane.skip(record.offset);
        }
        if lane.is_paused || !lane.is_full() {
            return false;
        }
        lane.is_paused = true;
        true
    }

    fn open(&mut self, topic: &str, partition: i32) {
        let previous = self.leaving.remove(&(topic.to_owned(), partition));
        let lane = Lane::start(&self.runtime, self.subscriber.clone(), previous);
        self.lanes.entry(topic.to_owned()).or_default().insert(partition, lane);
    }

    fn all(&mut self) -> impl Iterator<Item = (&str, i32, &mut Lane)> {
        let topics = self.lanes.iter_mut();
        topics.flat_map(|(topic, lanes)| {
            lanes
                .iter_mut()
                .map(|(partition, lane)| (topic.as_str(), *partition, lane))
        })
    }

    pub(super) fn any_paused(&mut self) -> bool {
        self.all().any(|(_, _, lane)| lane.is_paused)
    }

    /// Partitions that were paused and have room again.
    pub(super) fn with_room(&mut self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (topic, partition, lane) in self.all().filter(|(_, _, lane)| lane.is_paused && lane.has_room()) {
            lane.is_paused = false;
            list.add_partition(topic, partition);
        }
        list
    }

    /// Offsets to commit: those of all lanes that moved since they were last sent.
    pub(super) fn moved(&mut self) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, lane) in self.all() {
            let position = lane.position();
            if let Some(offset) = position.filter(|_| position != lane.sent && position != lane.confirmed) {
                list.add_partition_offset(topic, partition, Offset::Offset(offset))?;
                lane.sent = position;
            }
        }
        Ok(list)
    }

    /// What the broker said of offsets that were sent. What it did not take is sent again.
    pub(super) fn answered(&mut self, result: &KafkaResult<()>, offsets: &TopicPartitionList) {
        for element in offsets.elements() {
            let topic = self.lanes.get_mut(element.topic());
            let Some(lane) = topic.and_then(|lanes| lanes.get_mut(&element.partition())) else {
                continue;
            };
            match result {
                Ok(()) => lane.confirmed = element.offset().to_raw(),
                Err(_) => lane.sent = None,
            }
        }
    }

    /// Whether the broker has confirmed where every lane is.
    pub(super) fn are_confirmed(&mut self) -> bool {
        self.all().all(|(_, _, lane)| lane.position() == lane.confirmed)
    }

    /// Stops the lanes of these partitions and waits for their calls until `deadline`. Those that were still in a call
    /// then are left to end by themselves. Returns the offsets up to which they are settled.
    pub(super) fn release(
        &mut self,
        places: impl Iterator<Item = Place>,
        deadline: Instant,
    ) -> KafkaResult<TopicPartitionList> {
        let mut released = Vec::new();
        for (topic, partition) in places {
            if let Some(lane) = self.lanes.get_mut(&topic).and_then(|lanes| lanes.remove(&partition)) {
                lane.stop();
                released.push((topic, partition, lane));
            }
        }
        let mut offsets = TopicPartitionList::new();
        for (topic, partition, mut lane) in released {
            let ended = lane.wait(&self.runtime, deadline);
            if let Some(offset) = lane.position().filter(|offset| lane.confirmed != Some(*offset)) {
                offsets.add_partition_offset(&topic, partition, Offset::Offset(offset))?;
            }
            self.subscriber.metrics.lag(self.names.bare(&topic), partition, 0);
            if !ended {
                tracing::warn!(
                    subscriber = %self.subscriber.subscription.component, topic, partition,
                    "a partition was given up while a call was under way"
                );
                self.leaving
                    .extend(lane.into_task().map(|task| ((topic, partition), task)));
            }
        }
        Ok(offsets)
    }

    /// Stops every lane and waits for the calls under way until `deadline`. The lanes stay, for their positions.
    pub(super) fn stop(&mut self, deadline: Instant) {
        let runtime = self.runtime.clone();
        self.all().for_each(|(_, _, lane)| lane.stop());
        for (topic, partition, lane) in self.all() {
            if !lane.wait(&runtime, deadline) {
                tracing::warn!(
                    topic,
                    partition,
                    "stopped while a call was under way; its events come again"
                );
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.lanes.clear();
    }

    /// Goes on with the panic of a lane that had one.
    pub(super) fn check(&mut self) {
        let runtime = self.runtime.clone();
        for (_, _, lane) in self.all().filter(|(_, _, lane)| lane.is_broken()) {
            lane.wait(&runtime, Instant::now());
        }
    }

    /// `end` is where the partition's next record will be.
    pub(super) fn lag(&mut self, topic: &str, partition: i32, end: i64, committed: i64) {
        let lane = self.lanes.get(topic).and_then(|lanes| lanes.get(&partition));
        let position = lane
            .and_then(Lane::position)
            .or_else(|| (committed >= 0).then_some(committed));
        if let Some(position) = position {
            self.subscriber
                .metrics
                .lag(self.names.bare(topic), partition, end - position);
        }
    }
}
