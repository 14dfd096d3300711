use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

/// Bytes an entry costs beside its key and value: its places in two trees and their allocations.
const OVERHEAD_BYTES: usize = 200;

#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) kept: Duration,
}

/// Entries by bucket and key, and by when they were written. Time is an argument.
#[derive(Debug)]
pub(crate) struct Table {
    limits: Limits,
    /// Never an empty one, so that the limits bound these too.
    buckets: HashMap<Arc<str>, BTreeMap<Arc<str>, Entry>>,
    /// Every entry once, the one written longest ago first.
    writes: BTreeMap<u64, Place>,
    bytes: usize,
    /// Numbers the writes.
    written: u64,
}

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    write: u64,
    written_at: Instant,
}

#[derive(Debug)]
struct Place {
    bucket: Arc<str>,
    key: Arc<str>,
    written_at: Instant,
}

impl Table {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            buckets: HashMap::new(),
            writes: BTreeMap::new(),
            bytes: 0,
            written: 0,
        }
    }

    pub(crate) fn get(&self, bucket: &str, key: &str, now: Instant) -> Option<&[u8]> {
        let entry = self.buckets.get(bucket)?.get(key)?;
        self.is_kept(entry.written_at, now).then_some(&entry.value)
    }

    pub(crate) fn set(&mut self, bucket: &str, key: &str, value: Vec<u8>, now: Instant) {
        let place = self.remove(bucket, key).unwrap_or_else(|| {
            let bucket = self
                .buckets
                .get_key_value(bucket)
                .map_or_else(|| bucket.into(), |(name, _)| Arc::clone(name));
            Place {
                bucket,
                key: key.into(),
                written_at: now,
            }
        });
        self.written += 1;
        self.bytes += weight(&place, &value);
        let entry = Entry {
            value,
            write: self.written,
            written_at: now,
        };
        self.buckets
            .entry(Arc::clone(&place.bucket))
            .or_default()
            .insert(Arc::clone(&place.key), entry);
        self.writes.insert(
            self.written,
            Place {
                written_at: now,
                ..place
            },
        );
        self.forget(now);
    }

    pub(crate) fn delete(&mut self, bucket: &str, key: &str) {
        self.remove(bucket, key);
    }

    /// Keys of a bucket in order, after `cursor`.
    pub(crate) fn keys_after(&self, bucket: &str, cursor: Option<&str>, limit: usize, now: Instant) -> Vec<String> {
        let after = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        self.buckets
            .get(bucket)
            .into_iter()
            .flat_map(|entries| entries.range::<str, _>((after, Bound::Unbounded)))
            .filter(|(_, entry)| self.is_kept(entry.written_at, now))
            .map(|(key, _)| key.to_string())
            .take(limit)
            .collect()
    }

    fn remove(&mut self, bucket: &str, key: &str) -> Option<Place> {
        let entries = self.buckets.get_mut(bucket)?;
        let entry = entries.remove(key)?;
        if entries.is_empty() {
            self.buckets.remove(bucket);
        }
        let place = self.writes.remove(&entry.write)?;
        self.bytes -= weight(&place, &entry.value);
        Some(place)
    }

    /// Removes what is too old or too much.
    fn forget(&mut self, now: Instant) {
        while let Some((_, oldest)) = self.writes.first_key_value() {
            let room = self.writes.len() <= self.limits.entries && self.bytes <= self.limits.bytes;
            if room && self.is_kept(oldest.written_at, now) {
                break;
            }
            let (bucket, key) = (Arc::clone(&oldest.bucket), Arc::clone(&oldest.key));
            self.remove(&bucket, &key);
        }
    }

    fn is_kept(&self, written_at: Instant, now: Instant) -> bool {
        now.duration_since(written_at) < self.limits.kept
    }
}

fn weight(place: &Place, value: &[u8]) -> usize {
    place.key.len() + value.len() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Limits, OVERHEAD_BYTES, Table};

    const KEPT: Duration = Duration::from_secs(60);

    fn table(entries: usize, bytes: usize) -> Table {
        Table::new(Limits {
            entries,
            bytes,
            kept: KEPT,
        })
    }

    fn keys(table: &Table, now: Instant) -> Vec<String> {
        table.keys_after("b", None, 100, now)
    }

    #[test]
    fn an_entry_is_forgotten_some_time_after_its_last_write() {
        let (mut table, start) = (table(10, 10_000), Instant::now());
        let almost = KEPT - Duration::from_millis(1);
        table.set("b", "old", vec![1], start);
        table.set("b", "written again", vec![1], start);
        table.set("b", "written again", vec![2], start + almost);
        assert_eq!(table.get("b", "old", start + almost), Some(&[1][..]));
        assert_eq!(table.get("b", "old", start + KEPT), None);
        assert_eq!(table.get("b", "written again", start + KEPT), Some(&[2][..]));
        assert_eq!(keys(&table, start + KEPT), ["written again"]);
        table.set("other", "new", vec![], start + KEPT);
        assert_eq!(table.writes.len(), 2, "the old one is gone, not only hidden");
    }

    #[test]
    fn one_entry_too_many_pushes_out_the_one_written_longest_ago() {
        let (mut table, now) = (table(3, 10_000), Instant::now());
        for key in ["1", "2", "3", "1"] {
            table.set("b", key, vec![], now);
        }
        assert_eq!(keys(&table, now), ["1", "2", "3"]);
        table.set("b", "4", vec![], now);
        assert_eq!(keys(&table, now), ["1", "3", "4"]);
    }

    #[test]
    fn one_byte_too_many_does_too() {
        let (mut table, now) = (table(10, 2 * (OVERHEAD_BYTES + 101)), Instant::now());
        table.set("b", "1", vec![0; 100], now);
        table.set("b", "2", vec![0; 100], now);
        assert_eq!(keys(&table, now), ["1", "2"]);
        table.set("b", "2", vec![0; 101], now);
        assert_eq!(keys(&table, now), ["2"]);
    }

    #[test]
    fn nothing_is_left_of_what_is_deleted() {
        let (mut table, now) = (table(10, 10_000), Instant::now());
        table.set("b", "1", vec![0; 100], now);
        table.set("b", "1", vec![0; 50], now);
        table.set("c", "1", vec![7], now);
        table.delete("b", "1");
        table.delete("b", "1");
        assert_eq!(
            (table.get("b", "1", now), table.get("c", "1", now)),
            (None, Some(&[7][..]))
        );
        table.delete("c", "1");
        assert_eq!((table.bytes, table.writes.len(), table.buckets.len()), (0, 0, 0));
    }
}
