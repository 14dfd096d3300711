use dayloom_spin_kit::limits::KEYVALUE_KEY_BYTES_MAX;

use crate::State;
use crate::atomics::{change, failed};
use crate::bindings::exports::wasi::keyvalue::store::{self as wit, Error};
use crate::entry::Entry;

/// A bucket: a part of the names.
#[derive(Debug)]
pub struct Bucket {
    pub(crate) name: String,
}

impl wit::Guest for State {
    type Bucket = Bucket;

    fn open(identifier: String) -> Result<wit::Bucket, Error> {
        if identifier.len() > KEYVALUE_KEY_BYTES_MAX {
            return Err(Error::NoSuchStore);
        }
        Ok(wit::Bucket::new(Bucket { name: identifier }))
    }
}

impl Bucket {
    pub(crate) fn entry(&self, key: &str) -> Result<Entry, Error> {
        Entry::new(&self.name, key).map_err(failed)
    }
}

impl wit::GuestBucket for Bucket {
    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.entry(&key)?.read().map_err(failed)?.value)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        change(&self.entry(&key)?, |_| Ok((value.clone(), ())))
    }

    fn delete(&self, key: String) -> Result<(), Error> {
        self.entry(&key)?.remove().map_err(failed)
    }

    fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(self.entry(&key)?.read().map_err(failed)?.value.is_some())
    }

    fn list_keys(&self, _: Option<String>) -> Result<wit::KeyResponse, Error> {
        Err(failed("the sidecar's state has no listing".to_owned()))
    }
}
