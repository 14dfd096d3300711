use async_trait::async_trait;

/// One live message to one user.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Whose connections get it.
    pub user_id: String,
    /// The event it tells of; repeats of it are dropped.
    pub event_id: String,
    /// JSON text.
    pub body: String,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BroadcastError {
    /// Over a limit.
    #[error("invalid: {0}")]
    Invalid(String),
    /// Not now.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// `dayloom:platform/broadcast`.
#[async_trait]
pub trait Broadcast: Send + Sync {
    /// Sends in order.
    async fn send(&self, messages: Vec<Message>) -> Result<(), BroadcastError>;
    /// Whether it would send; the text says why not.
    async fn ready(&self) -> Result<(), String>;
}
