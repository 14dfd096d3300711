use async_trait::async_trait;

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
    /// Adds `delta` to a number (0 if absent) in one step and returns the sum. Numbers are stored as decimal text.
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
