//! `wasi:keyvalue` (store, atomics, batch) over a SQLite file, with Spin's meaning where the interface leaves one open.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use wasmtime::component::Resource;

use crate::{
    bindings::wasi::keyvalue::{
        atomics::{self, CasError},
        batch,
        store::{self, Error, KeyResponse},
    },
    state::State,
};

/// Bytes of a key.
const KEY_BYTES_MAX: usize = 255;
/// Bytes of a value.
const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Keys of a bucket: far more than a test needs, so that whoever never deletes is noticed.
const KEYS_MAX: i64 = 100_000;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value \
    (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))";
const GET: &str = "SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3) \
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2";
const SWAP: &str = "UPDATE spin_key_value SET value = ?3 WHERE store = ?1 AND key = ?2 AND value = ?4";
const COUNT: &str = "SELECT count(*) FROM spin_key_value WHERE store = ?1";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store = ?1 ORDER BY key";

/// All buckets.
#[derive(Clone)]
pub(crate) struct Stores(Arc<Mutex<Sqlite>>);

impl Stores {
    pub(crate) fn open(state_dir: &Path) -> anyhow::Result<Self> {
        let path = state_dir.join("sqlite_key_value.db");
        let connection = Sqlite::open(&path).with_context(|| format!("can not open {}", path.display()))?;
        connection.execute(TABLE, [])?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` as one transaction.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Sqlite) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = self.0.clone();
        let work = move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction().map_err(failed)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(done)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Error::Other(error.to_string())))
    }
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Other(error.to_string())
}

fn get(sqlite: &Sqlite, store: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = sqlite.prepare_cached(GET).map_err(failed)?;
    statement
        .query_row([store, key], |row| row.get(0))
        .optional()
        .map_err(failed)
}

fn set(sqlite: &Sqlite, store: &str, key: &str, value: &[u8]) -> Result<(), Error> {
    if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
        let problem = format!("a key has at most {KEY_BYTES_MAX} bytes and a value {VALUE_BYTES_MAX}");
        return Err(Error::Other(problem));
    }
    let mut statement = sqlite.prepare_cached(SET).map_err(failed)?;
    statement.execute(params![store, key, value]).map_err(failed)?;
    let mut count = sqlite.prepare_cached(COUNT).map_err(failed)?;
    let keys: i64 = count.query_row([store], |row| row.get(0)).map_err(failed)?;
    if keys > KEYS_MAX {
        return Err(Error::Other(format!("more than {KEYS_MAX} keys")));
    }
    Ok(())
}

fn delete(sqlite: &Sqlite, store: &str, key: &str) -> Result<(), Error> {
    let mut statement = sqlite.prepare_cached(DELETE).map_err(failed)?;
    statement.execute([store, key]).map(drop).map_err(failed)
}

/// An open bucket: its name.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug, Clone)]
pub struct Bucket(Arc<str>);

/// A change of a value that fails if somebody else changes it first.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug, Clone)]
pub struct Cas {
    bucket: Bucket,
    key: String,
    /// What [`atomics::HostCas::current`] gave last, if that was asked and there was something.
    seen: Option<Vec<u8>>,
}

impl State {
    /// The stores and the bucket's name. A handle that is not there is a bug of the guest and traps.
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<(Stores, Arc<str>)> {
        let Bucket(name) = self.table.get(bucket)?;
        Ok((self.services.shared.stores.clone(), name.clone()))
    }
}

impl store::Host for State {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        if !self.services.key_value_stores.contains(&identifier) {
            return Ok(Err(Error::AccessDenied));
        }
        Ok(Ok(self.table.push(Bucket(identifier.into()))?))
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        Ok(stores.with(move |sqlite| get(sqlite, &name, &key)).await)
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        Ok(stores.with(move |sqlite| set(sqlite, &name, &key, &value)).await)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        Ok(stores.with(move |sqlite| delete(sqlite, &name, &key)).await)
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        let found = stores.with(move |sqlite| get(sqlite, &name, &key)).await;
        Ok(found.map(|value| value.is_some()))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        if cursor.is_some() {
            return Ok(Err(Error::Other("Cursor not supported".to_owned())));
        }
        let list = move |sqlite: &Sqlite| {
            let mut statement = sqlite.prepare_cached(KEYS).map_err(failed)?;
            let keys = statement.query_map([&*name], |row| row.get(0)).map_err(failed)?;
            keys.collect::<Result<Vec<String>, _>>().map_err(failed)
        };
        Ok(stores.with(list).await.map(|keys| KeyResponse { keys, cursor: None }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for State {
    async fn increment(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        let work = move |sqlite: &Sqlite| {
            let number = match get(sqlite, &name, &key)? {
                Some(bytes) => i64::from_le_bytes(
                    bytes
                        .try_into()
                        .map_err(|_| Error::Other(format!("the value of `{key}` is no number")))?,
                ),
                None => 0,
            };
            let sum = number
                .checked_add(delta)
                .ok_or_else(|| Error::Other(format!("`{key}` is too large a number")))?;
            set(sqlite, &name, &key, &sum.to_le_bytes())?;
            Ok(sum)
        };
        Ok(stores.with(work).await)
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let cas = self.table.delete(cas)?;
        let (stores, change) = (self.services.shared.stores.clone(), cas.clone());
        let swap = move |sqlite: &Sqlite| {
            let Cas { bucket, key, seen } = change;
            let changed = match seen {
                Some(seen) => sqlite.execute(SWAP, params![&*bucket.0, key, value, seen]),
                // Where nothing was seen, Spin asks nothing.
                None => sqlite.execute(SET, params![&*bucket.0, key, value]),
            };
            Ok(changed.map_err(failed)? > 0)
        };
        Ok(match stores.with(swap).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CasError::CasFailed(self.table.push(Cas { seen: None, ..cas })?)),
            Err(error) => Err(CasError::StoreError(error)),
        })
    }
}

impl atomics::HostCas for State {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        let bucket = self.table.get(&bucket)?.clone();
        let cas = Cas {
            bucket,
            key,
            seen: None,
        };
        Ok(Ok(self.table.push(cas)?))
    }

    async fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let Cas { bucket, key, .. } = self.table.get(&cas)?.clone();
        let stores = self.services.shared.stores.clone();
        let found = stores.with(move |sqlite| get(sqlite, &bucket.0, &key)).await;
        if let Ok(value) = &found {
            self.table.get_mut(&cas)?.seen.clone_from(value);
        }
        Ok(found)
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for State {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        let read = move |sqlite: &Sqlite| {
            keys.into_iter()
                .map(|key| get(sqlite, &name, &key).map(|value| (key, value)))
                .collect()
        };
        Ok(stores.with(read).await)
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        let write = move |sqlite: &Sqlite| {
            let mut pairs = pairs.iter();
            pairs.try_for_each(|(key, value)| set(sqlite, &name, key, value))
        };
        Ok(stores.with(write).await)
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (stores, name) = self.bucket(&bucket)?;
        let remove = move |sqlite: &Sqlite| keys.iter().try_for_each(|key| delete(sqlite, &name, key));
        Ok(stores.with(remove).await)
    }
}
