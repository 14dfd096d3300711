//! `wasi:keyvalue` in the memory of one process: rate windows and caches, nothing that matters after a restart.
//!
//! Entries are forgotten an hour after they were last written, or sooner when there are too many: the one written longest
//! ago goes first. Every operation is one short critical section (0.1 µs to read, 0.5 µs to write, a few when full), so one
//! mutex serves all components, increments and swaps are atomic by construction, and the next read sees every write.
//!
//! A concurrent cache (`moka`, `quick_cache`) would spread reads over cores, which this load does not ask for, and would
//! cost the ordered listing of keys, the exact limits and the oldest-first order.

mod table;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use dayloom_ports::{
    KeyValue, KeyValueError,
    limits::{KEYVALUE_KEPT, KEYVALUE_PAGE_KEYS_MAX},
};

use crate::table::{Limits, Table};

/// Entries of all buckets: a rate window for each of 100,000 addresses.
const ENTRIES_MAX: usize = 100_000;
/// Bytes of all entries, keys and bookkeeping included.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Buckets of entries that live as long as the process.
#[derive(Debug)]
pub struct MemoryKeyValue {
    table: Mutex<Table>,
}

impl MemoryKeyValue {
    /// No entries.
    pub fn new() -> Self {
        let limits = Limits {
            entries: ENTRIES_MAX,
            bytes: BYTES_MAX,
            kept: KEYVALUE_KEPT,
        };
        Self {
            table: Mutex::new(Table::new(limits)),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // What may be lost may also be old: a panic in between is no reason to fail ever after.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryKeyValue {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl KeyValue for MemoryKeyValue {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        Ok(self.table().get(bucket, key, Instant::now()).map(<[u8]>::to_vec))
    }

    async fn set(&self, bucket: &str, key: &str, value: Vec<u8>) -> Result<(), KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        KeyValueError::check_value(&value)?;
        self.table().set(bucket, key, value, Instant::now());
        Ok(())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        self.table().delete(bucket, key);
        Ok(())
    }

    async fn list_keys(
        &self,
        bucket: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), KeyValueError> {
        KeyValueError::check_key(bucket, cursor.unwrap_or_default())?;
        let mut keys = self
            .table()
            .keys_after(bucket, cursor, KEYVALUE_PAGE_KEYS_MAX + 1, Instant::now());
        let more = keys.len() > KEYVALUE_PAGE_KEYS_MAX;
        keys.truncate(KEYVALUE_PAGE_KEYS_MAX);
        let next = keys.last().filter(|_| more).cloned();
        Ok((keys, next))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        let now = Instant::now();
        let mut table = self.table();
        let present = table.get(bucket, key, now).map_or(Ok(0), number)?;
        let sum = present
            .checked_add(delta)
            .ok_or_else(|| KeyValueError::Invalid("a sum outside 64 bits".into()))?;
        table.set(bucket, key, sum.to_string().into_bytes(), now);
        Ok(sum)
    }

    async fn compare_and_swap(
        &self,
        bucket: &str,
        key: &str,
        current: Option<&[u8]>,
        value: Vec<u8>,
    ) -> Result<bool, KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        KeyValueError::check_value(&value)?;
        let now = Instant::now();
        let mut table = self.table();
        let same = table.get(bucket, key, now) == current;
        if same {
            table.set(bucket, key, value, now);
        }
        Ok(same)
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

fn number(value: &[u8]) -> Result<i64, KeyValueError> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse::<i64>().ok().filter(|number| number.to_string() == text))
        .ok_or_else(|| KeyValueError::Invalid("the value is no number".into()))
}
