use crate::State;
use crate::bindings::exports::wasi::keyvalue::batch::{BucketBorrow, Guest};
use crate::bindings::exports::wasi::keyvalue::store::{Error, GuestBucket};
use crate::store::Bucket;

/// One after the other: nobody here asks for many.
impl Guest for State {
    fn get_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        let bucket = bucket.get::<Bucket>();
        let pair = |key: String| Ok((key.clone(), bucket.get(key)?));
        keys.into_iter().map(pair).collect()
    }

    fn set_many(bucket: BucketBorrow<'_>, key_values: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        let bucket = bucket.get::<Bucket>();
        key_values
            .into_iter()
            .try_for_each(|(key, value)| bucket.set(key, value))
    }

    fn delete_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<(), Error> {
        let bucket = bucket.get::<Bucket>();
        keys.into_iter().try_for_each(|key| bucket.delete(key))
    }
}
