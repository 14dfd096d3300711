use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaResult;

use super::rebalance::Membership;

/// What the broker said of offsets that were sent.
pub(super) type Answer = (KafkaResult<()>, TopicPartitionList);

/// Commits on a thread of its own, one request at a time. The client tells the result only to who waits for it, and with
/// the group's coordinator away that takes as long as a session: the polling thread must not wait so long.
pub(super) struct Committer {
    requests: Sender<TopicPartitionList>,
    answers: Receiver<Answer>,
    is_busy: bool,
    thread: JoinHandle<()>,
}

impl Committer {
    pub(super) fn start(consumer: Arc<BaseConsumer<Membership>>) -> io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<TopicPartitionList>();
        let (outbox, answers) = mpsc::channel();
        let commit = move || {
            for offsets in inbox {
                let result = consumer.commit(&offsets, CommitMode::Sync);
                if outbox.send((result, offsets)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("kafka-commit".to_owned()).spawn(commit)?;
        Ok(Self {
            requests,
            answers,
            is_busy: false,
            thread,
        })
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Sends offsets, unless there are none.
    pub(super) fn commit(&mut self, offsets: TopicPartitionList) {
        self.is_busy = offsets.count() > 0 && self.requests.send(offsets).is_ok();
    }

    /// The answer to the request under way, if it has come.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let answer = self.answers.try_recv().ok()?;
        self.is_busy = false;
        Some(answer)
    }

    /// Ends the thread. One that still waits for the broker is left behind: it ends with its request.
    pub(super) fn end(self) {
        drop(self.requests);
        if !self.is_busy
            && let Err(panic) = self.thread.join()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
