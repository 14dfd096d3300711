use async_trait::async_trait;

use crate::limits::{KEYVALUE_KEY_BYTES_MAX, KEYVALUE_VALUE_BYTES_MAX};

/// Why a key-value call failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KeyValueError {
    /// A key over 256 bytes, a value over 64 KiB, or a value that is no number where one is needed.
    #[error("{0}")]
    Invalid(String),
    /// Not now.
    #[error("{0}")]
    Unavailable(String),
}

impl KeyValueError {
    /// Whether a bucket's name and a key are within their limit.
    ///
    /// # Errors
    /// [`Invalid`](Self::Invalid) if not.
    pub fn check_key(bucket: &str, key: &str) -> Result<(), Self> {
        match bucket.len().max(key.len()) {
            0..=KEYVALUE_KEY_BYTES_MAX => Ok(()),
            bytes => Err(Self::Invalid(format!(
                "a key of {bytes} bytes, at most {KEYVALUE_KEY_BYTES_MAX}"
            ))),
        }
    }

    /// Whether a value is within its limit.
    ///
    /// # Errors
    /// [`Invalid`](Self::Invalid) if not.
    pub fn check_value(value: &[u8]) -> Result<(), Self> {
        match value.len() {
            0..=KEYVALUE_VALUE_BYTES_MAX => Ok(()),
            bytes => Err(Self::Invalid(format!(
                "a value of {bytes} bytes, at most {KEYVALUE_VALUE_BYTES_MAX}"
            ))),
        }
    }
}

/// `wasi:keyvalue`: what may be lost. Buckets are separate name spaces; a provider forgets entries by age.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value, or none.
    async fn get(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, KeyValueError>;
    /// Sets the value.
    async fn set(&self, bucket: &str, key: &str, value: Vec<u8>) -> Result<(), KeyValueError>;
    /// Removes the key if it is there.
    async fn delete(&self, bucket: &str, key: &str) -> Result<(), KeyValueError>;
    /// Up to 1,000 keys in order after `cursor`, and the cursor of the next page.
    async fn list_keys(
        &self,
        bucket: &str,
        cursor: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>), KeyValueError>;
    /// Adds `delta` to a number (0 if absent) in one step and returns the sum. Numbers are stored as decimal text without
    /// leading zeros or a plus sign; any other value, or a sum outside 64 bits, is invalid and stays as it was.
    async fn increment(&self, bucket: &str, key: &str, delta: i64) -> Result<i64, KeyValueError>;
    /// Sets the value if the present one is still `current`; false if not.
    async fn compare_and_swap(
        &self,
        bucket: &str,
        key: &str,
        current: Option<&[u8]>,
        value: Vec<u8>,
    ) -> Result<bool, KeyValueError>;
    /// Whether it answers; the text says why not.
    async fn ready(&self) -> Result<(), String>;
}
