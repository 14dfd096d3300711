use std::sync::Arc;

use uuid::Uuid;

use super::PARTITIONS;

/// An event that was accepted and not yet written.
pub(crate) struct NewEvent {
    pub(crate) id: Uuid,
    pub(crate) partition: u8,
    pub(crate) event_type: String,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// An event of the log.
#[derive(Debug)]
pub(crate) struct LogEntry {
    /// Its place in the log, from 1; later commits have higher ones, with gaps.
    pub(crate) position: u64,
    pub(crate) partition: u8,
    pub(crate) id: Uuid,
    pub(crate) event_type: String,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// A part of one partition, in order.
pub(crate) struct Slice {
    pub(crate) entries: Vec<Arc<LogEntry>>,
    /// Nothing of the partition up to here is missing from `entries`, save what the reader did not want.
    pub(crate) scanned: u64,
}

impl LogEntry {
    pub(crate) fn at(position: u64, event: NewEvent) -> Self {
        let NewEvent {
            id,
            partition,
            event_type,
            key,
            body,
        } = event;
        Self {
            position,
            partition,
            id,
            event_type,
            key,
            body,
        }
    }
}

/// The partition of a key, the same for ever.
pub(crate) fn partition_of(key: &str) -> u8 {
    dayloom_sql::part_of(key, PARTITIONS)
}

#[cfg(test)]
mod tests {
    use super::{PARTITIONS, partition_of};

    #[test]
    fn a_key_keeps_its_partition_for_ever() {
        // Stored rows rely on these values.
        let found = ["a", "b", "c", "d", "e", "f", "task-2"].map(partition_of);
        assert_eq!(found, [3, 3, 0, 1, 3, 2, 1]);
    }

    #[test]
    fn keys_spread_over_all_partitions() {
        let mut counts = [0_u32; PARTITIONS as usize];
        for number in 0..4_000 {
            counts[usize::from(partition_of(&format!("task-{number}")))] += 1;
        }
        assert!(counts.iter().all(|&count| count > 800), "{counts:?}");
    }
}
