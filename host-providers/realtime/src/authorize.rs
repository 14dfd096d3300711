use std::time::Duration;

use async_trait::async_trait;

/// What a good token grants.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Whose messages the connection gets.
    pub user_id: String,
    /// How long from now. The connection is closed then, unless it has shown a newer token. Counted up to 24 hours.
    pub expires_in: Duration,
}

/// Why a token grants nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Malformed, expired, revoked or not ours. The client needs another token.
    #[error("invalid token")]
    Invalid,
    /// Nobody can tell now. The client may come again with the same token.
    #[error("authorization is unavailable")]
    Unavailable,
}

/// Who decides whose connection it is. Must not log the token.
#[async_trait]
pub trait Authorize: Send + Sync {
    /// Judges an access token that a client has shown. Called again whenever the client shows another one.
    async fn authorize(&self, token: &str) -> Result<Grant, Denied>;
}
