//! The newest events in memory, so that subscribers that keep up never read the log back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{LogEntry, PARTITIONS, Slice};

/// Entries kept: several groups of the largest size.
const TAIL_ENTRIES_MAX: usize = 8_192;

/// Bytes of bodies kept. With the entries' own size this stays near 12 MiB of the process.
const TAIL_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) struct Tail {
    state: Mutex<State>,
    wakes: [watch::Sender<()>; PARTITIONS as usize],
}

struct State {
    partitions: [Part; PARTITIONS as usize],
    /// The last position that is durable.
    head: u64,
    entries: usize,
    bytes: usize,
}

#[derive(Default)]
struct Part {
    entries: VecDeque<Arc<LogEntry>>,
    /// Every entry of the partition after this position is in `entries`.
    floor: u64,
}

impl Tail {
    /// An empty tail of a log that ends at `head`.
    pub(crate) fn new(head: u64) -> Self {
        let part = |_| Part {
            entries: VecDeque::new(),
            floor: head,
        };
        let partitions = std::array::from_fn(part);
        let wakes = std::array::from_fn(|_| watch::Sender::new(()));
        Self {
            state: Mutex::new(State {
                partitions,
                head,
                entries: 0,
                bytes: 0,
            }),
            wakes,
        }
    }

    /// Adds entries that are durable, in order, and wakes the lanes of their partitions.
    pub(crate) fn append(&self, entries: impl IntoIterator<Item = LogEntry>) {
        let mut touched = [false; PARTITIONS as usize];
        {
            let mut state = self.lock();
            for entry in entries {
                let partition = usize::from(entry.partition);
                touched[partition] = true;
                state.head = entry.position;
                state.entries += 1;
                state.bytes += entry.body.len();
                state.partitions[partition].entries.push_back(Arc::new(entry));
            }
            state.evict();
        }
        for (wake, _) in self.wakes.iter().zip(touched).filter(|(_, touched)| *touched) {
            wake.send_replace(());
        }
    }

    /// Changes whenever the partition gets entries.
    pub(crate) fn subscribe(&self, partition: u8) -> watch::Receiver<()> {
        self.wakes[usize::from(partition)].subscribe()
    }

    /// The last position that is durable.
    pub(crate) fn head(&self) -> u64 {
        self.lock().head
    }

    /// Reads on from `after`; none if that is further back than memory reaches.
    pub(crate) fn read(
        &self,
        partition: u8,
        after: u64,
        entries_max: usize,
        bytes_max: usize,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<Slice> {
        let state = self.lock();
        let part = &state.partitions[usize::from(partition)];
        if after < part.floor {
            return None;
        }
        // A reader that comes from disk may be past what the writer has shown here.
        let mut slice = Slice {
            entries: Vec::new(),
            scanned: state.head.max(after),
        };
        let mut bytes = 0;
        let start = part.entries.partition_point(|entry| entry.position <= after);
        for entry in part.entries.range(start..).filter(|entry| wanted(&entry.event_type)) {
            bytes += entry.body.len();
            slice.entries.push(entry.clone());
            if slice.entries.len() >= entries_max || bytes >= bytes_max {
                slice.scanned = entry.position;
                break;
            }
        }
        Some(slice)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets the oldest entries until the rest is within bounds.
    fn evict(&mut self) {
        while self.entries > TAIL_ENTRIES_MAX || self.bytes > TAIL_BYTES_MAX {
            let oldest = |part: &&mut Part| part.entries.front().map_or(u64::MAX, |entry| entry.position);
            let Some(part) = self.partitions.iter_mut().min_by_key(oldest) else {
                return;
            };
            let Some(entry) = part.entries.pop_front() else { return };
            part.floor = entry.position;
            self.entries -= 1;
            self.bytes -= entry.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{LogEntry, TAIL_BYTES_MAX, TAIL_ENTRIES_MAX, Tail};

    fn entry(position: u64, partition: u8, bytes: usize) -> LogEntry {
        let body = "x".repeat(bytes);
        LogEntry {
            position,
            partition,
            id: Uuid::nil(),
            event_type: "t".into(),
            key: "k".into(),
            body,
        }
    }

    fn positions(tail: &Tail, partition: u8, after: u64) -> Option<(Vec<u64>, u64)> {
        let slice = tail.read(partition, after, 3, usize::MAX, |_| true)?;
        Some((
            slice.entries.iter().map(|entry| entry.position).collect(),
            slice.scanned,
        ))
    }

    #[test]
    fn a_reader_gets_its_partition_in_order_and_then_knows_the_head() {
        let tail = Tail::new(10);
        tail.append((11..=18).map(|position| entry(position, u8::try_from(position % 2).unwrap_or(0), 1)));
        assert_eq!(positions(&tail, 0, 10), Some((vec![12, 14, 16], 16)));
        assert_eq!(positions(&tail, 0, 16), Some((vec![18], 18)));
        assert_eq!(positions(&tail, 1, 16), Some((vec![17], 18)));
        assert_eq!(positions(&tail, 3, 10), Some((vec![], 18)));
        assert_eq!(positions(&tail, 0, 9), None);
    }

    #[test]
    fn a_skipped_type_is_neither_returned_nor_left_behind() {
        let tail = Tail::new(0);
        tail.append([entry(1, 0, 1)]);
        let slice = tail.read(0, 0, 3, usize::MAX, |_| false);
        assert!(slice.is_some_and(|slice| slice.entries.is_empty() && slice.scanned == 1));
    }

    #[test]
    fn entries_past_the_count_push_the_oldest_out() {
        let tail = Tail::new(0);
        let count = TAIL_ENTRIES_MAX as u64;
        tail.append((1..=count).map(|position| entry(position, 0, 1)));
        assert!(positions(&tail, 0, 0).is_some());
        tail.append([entry(count + 1, 1, 1)]);
        assert!(positions(&tail, 0, 0).is_none());
        assert!(positions(&tail, 0, 1).is_some());
        assert!(positions(&tail, 1, 0).is_some());
    }

    #[test]
    fn bytes_past_the_bound_push_the_oldest_out() {
        let tail = Tail::new(0);
        tail.append([entry(1, 0, TAIL_BYTES_MAX - 1), entry(2, 1, 1)]);
        assert!(positions(&tail, 0, 0).is_some());
        tail.append([entry(3, 2, 1)]);
        assert!(positions(&tail, 0, 0).is_none());
    }
}
