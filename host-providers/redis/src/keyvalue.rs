use std::collections::BTreeSet;

use async_trait::async_trait;
use dayloom_ports::{
    KeyValue, KeyValueError,
    limits::{KEYVALUE_KEPT, KEYVALUE_PAGE_KEYS_MAX},
};
use redis::{RedisResult, Script, aio::MultiplexedConnection, cmd};
use tokio::time::{Duration, Instant};

use crate::{
    config::{ConfigError, RedisConfig},
    link::Link,
    server::Server,
};

/// Keys the server looks at in one step of a listing: under a millisecond of its time.
const SCAN_KEYS: usize = 1_000;
/// Time for one page of a listing: a server with several million keys is walked through once.
const LIST_WITHIN: Duration = Duration::from_secs(5);

/// `wasi:keyvalue` on a server that several hosts share.
///
/// An entry lives for an hour after its last write, as on every provider; how many there may be is the server's
/// `maxmemory` and eviction policy, best `volatile-lru`, which spares the live messages. Increments and swaps are scripts, so atomic between
/// hosts too. **A listing walks through all keys of the server for each page**: fine for an operator, not for a request.
pub struct RedisKeyValue {
    link: Link,
    prefix: String,
    increment: Script,
    swap: Script,
}

impl RedisKeyValue {
    /// Connects, and returns even if the server is away: it may come later.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub async fn connect(config: &RedisConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            link: Link::open(Server::new(config)?).await,
            prefix: format!("{}:kv:", config.prefix),
            increment: Script::new(include_str!("scripts/increment.lua")),
            swap: Script::new(include_str!("scripts/swap.lua")),
        })
    }

    /// The length says where the bucket's name ends, so no two entries share a key.
    fn bucket_prefix(&self, bucket: &str) -> String {
        format!("{}{}:{bucket}:", self.prefix, bucket.len())
    }

    fn entry(&self, bucket: &str, key: &str) -> Result<String, KeyValueError> {
        KeyValueError::check_key(bucket, key)?;
        Ok(self.bucket_prefix(bucket) + key)
    }

    async fn call<T, F>(&self, commands: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, KeyValueError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.link.call(commands).await.map_err(KeyValueError::Unavailable)
    }
}

fn kept_ms() -> u128 {
    KEYVALUE_KEPT.as_millis()
}

#[async_trait]
impl KeyValue for RedisKeyValue {
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        let get = cmd("GET").arg(self.entry(bucket, key)?).to_owned();
        self.call(|mut connection| async move { get.query_async(&mut connection).await })
            .await
    }

    async fn set(&self, bucket: &str, key: &str, value: Vec<u8>) -> Result<(), KeyValueError> {
        let entry = self.entry(bucket, key)?;
        KeyValueError::check_value(&value)?;
        let ms = kept_ms().to_string();
        let set = cmd("SET").arg(entry).arg(value).arg("PX").arg(ms).to_owned();
        self.call(|mut connection| async move { set.exec_async(&mut connection).await })
            .await
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), KeyValueError> {
        let delete = cmd("DEL").arg(self.entry(bucket, key)?).to_owned();
        self.call(|mut connection| async move { delete.exec_async(&mut connection).await })
            .await
    }

    async fn list_keys(
        &self,
        bucket: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), KeyValueError> {
        KeyValueError::check_key(bucket, cursor.unwrap_or_default())?;
        let prefix = self.bucket_prefix(bucket);
        let pattern = escaped(&prefix) + "*";
        let deadline = Instant::now() + LIST_WITHIN;
        // The server lists in no order, and some keys twice.
        let mut keys = BTreeSet::new();
        let mut place = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(place).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_KEYS);
            let (next, found): (u64, Vec<String>) = self
                .call(|mut connection| async move { scan.query_async(&mut connection).await })
                .await?;
            for entry in found {
                let key = entry.strip_prefix(&prefix).unwrap_or_default();
                if cursor.is_none_or(|cursor| key > cursor) {
                    keys.insert(key.to_owned());
                }
                if keys.len() > KEYVALUE_PAGE_KEYS_MAX + 1 {
                    keys.pop_last();
                }
            }
            if next == 0 {
                break;
            }
            if Instant::now() >= deadline {
                return Err(KeyValueError::Unavailable("too many keys to list in time".to_owned()));
            }
            place = next;
        }
        let more = keys.len() > KEYVALUE_PAGE_KEYS_MAX;
        let page: Vec<_> = keys.into_iter().take(KEYVALUE_PAGE_KEYS_MAX).collect();
        let next = page.last().filter(|_| more).cloned();
        Ok((page, next))
    }

    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64, KeyValueError> {
        let mut increment = self.increment.key(self.entry(bucket, key)?);
        increment.arg(delta).arg(kept_ms().to_string());
        let sum: Option<i64> = self
            .call(|mut connection| async move { increment.invoke_async(&mut connection).await })
            .await?;
        sum.ok_or_else(|| KeyValueError::Invalid("the value is no number, or the sum is outside 64 bits".into()))
    }

    async fn compare_and_swap(
        &self,
        bucket: &str,
        key: &str,
        current: Option<&[u8]>,
        value: Vec<u8>,
    ) -> Result<bool, KeyValueError> {
        let mut swap = self.swap.key(self.entry(bucket, key)?);
        KeyValueError::check_value(&value)?;
        swap.arg(value).arg(kept_ms().to_string());
        if let Some(current) = current {
            swap.arg(current);
        }
        self.call(|mut connection| async move { swap.invoke_async(&mut connection).await })
            .await
    }

    async fn ready(&self) -> Result<(), String> {
        self.link.ping().await
    }
}

/// The text as a pattern that only it matches.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
