//! `wasi:keyvalue` (store, atomics, batch) over [`dayloom_ports::KeyValue`]. A component opens only the buckets that the
//! manifest names.

use std::sync::Arc;

use dayloom_ports::{KeyValue, KeyValueError};
use wasmtime::component::Resource;

use super::{
    bindings::wasi::keyvalue::{
        atomics::{self, CasError},
        batch,
        store::{self, Error, KeyResponse},
    },
    state::State,
};

/// An open bucket: its name.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug, Clone)]
pub struct Bucket(Arc<str>);

/// A value as it was when its change began.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug)]
pub struct Cas {
    bucket: Bucket,
    key: String,
    current: Option<Vec<u8>>,
}

/// Keys or pairs in one batch call: the size of a page of keys.
const BATCH_MAX: usize = 1_000;

impl State {
    /// The provider and the bucket's name. A handle that is not there is a bug of the guest and traps.
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<(Arc<dyn KeyValue>, Arc<str>)> {
        let Bucket(name) = self.table.get(bucket)?;
        Ok((self.services.providers.keyvalue.clone(), name.clone()))
    }
}

fn refused(error: KeyValueError) -> Error {
    match error {
        KeyValueError::Invalid(reason) | KeyValueError::Unavailable(reason) => Error::Other(reason),
    }
}

fn too_many() -> Error {
    Error::Other(format!("more than {BATCH_MAX} keys in one call"))
}

impl store::Host for State {
    async fn open(&mut self, identifier: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        match self
            .services
            .key_value_stores
            .iter()
            .find(|name| ***name == *identifier)
        {
            Some(name) => Ok(Ok(self.table.push(Bucket(name.clone()))?)),
            None => Ok(Err(Error::AccessDenied)),
        }
    }
}

impl store::HostBucket for State {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let (store, name) = self.bucket(&bucket)?;
        Ok(store.get(&name, &key).await.map_err(refused))
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, name) = self.bucket(&bucket)?;
        Ok(store.set(&name, &key, value).await.map_err(refused))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Error>> {
        let (store, name) = self.bucket(&bucket)?;
        Ok(store.delete(&name, &key).await.map_err(refused))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        let (store, name) = self.bucket(&bucket)?;
        Ok(store
            .get(&name, &key)
            .await
            .map(|value| value.is_some())
            .map_err(refused))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let (store, name) = self.bucket(&bucket)?;
        let page = store.list_keys(&name, cursor.as_deref()).await;
        Ok(page.map(|(keys, cursor)| KeyResponse { keys, cursor }).map_err(refused))
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
        let (store, name) = self.bucket(&bucket)?;
        Ok(store.increment(&name, &key, delta).await.map_err(refused))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let Cas { bucket, key, current } = self.table.delete(cas)?;
        let store = self.services.providers.keyvalue.clone();
        match store.compare_and_swap(&bucket.0, &key, current.as_deref(), value).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => match store.get(&bucket.0, &key).await {
                Ok(current) => Ok(Err(CasError::CasFailed(self.table.push(Cas {
                    bucket,
                    key,
                    current,
                })?))),
                Err(error) => Ok(Err(CasError::StoreError(refused(error)))),
            },
            Err(error) => Ok(Err(CasError::StoreError(refused(error)))),
        }
    }
}

impl atomics::HostCas for State {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        let (store, name) = self.bucket(&bucket)?;
        match store.get(&name, &key).await {
            Ok(current) => Ok(Ok(self.table.push(Cas {
                bucket: Bucket(name),
                key,
                current,
            })?)),
            Err(error) => Ok(Err(refused(error))),
        }
    }

    async fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(Ok(self.table.get(&cas)?.current.clone()))
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
        let (store, name) = self.bucket(&bucket)?;
        if keys.len() > BATCH_MAX {
            return Ok(Err(too_many()));
        }
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            match store.get(&name, &key).await {
                Ok(value) => pairs.push((key, value)),
                Err(error) => return Ok(Err(refused(error))),
            }
        }
        Ok(Ok(pairs))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Bucket>,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, name) = self.bucket(&bucket)?;
        if pairs.len() > BATCH_MAX {
            return Ok(Err(too_many()));
        }
        for (key, value) in pairs {
            if let Err(error) = store.set(&name, &key, value).await {
                return Ok(Err(refused(error)));
            }
        }
        Ok(Ok(()))
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let (store, name) = self.bucket(&bucket)?;
        if keys.len() > BATCH_MAX {
            return Ok(Err(too_many()));
        }
        for key in keys {
            if let Err(error) = store.delete(&name, &key).await {
                return Ok(Err(refused(error)));
            }
        }
        Ok(Ok(()))
    }
}
