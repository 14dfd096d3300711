//! Who is signed in: the session behind a request's cookie, and how long it lasts.

use axum::extract::FromRequestParts;
use dayloom_kit::{Problem, now_ms};
use http::request::Parts;
use http::{HeaderValue, Method};

use crate::account::User;
use crate::cookie::Secret;
use crate::{origin, session_store};

const HOUR_MS: i64 = 3_600 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A session that is not used ends after 30 days.
const IDLE_MS_MAX: i64 = 30 * DAY_MS;
/// A session ends 180 days after the sign-in, however much it is used.
const AGE_MS_MAX: i64 = 180 * DAY_MS;
/// Use is noted once an hour: every page load would otherwise be a write.
const NOTED_EVERY_MS: i64 = HOUR_MS;

/// A session that has not ended, and its user.
///
/// As an extractor it answers `401` without one, and `403` to a state-changing request that does not come from a page of
/// ours: a handler that takes it needs no further check.
#[derive(Clone)]
pub(crate) struct Session {
    /// UUIDv7; the `sid` of its tokens.
    pub(crate) id: String,
    pub(crate) user: User,
    /// Milliseconds since the Unix epoch, UTC.
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) secret: Secret,
}

impl Session {
    /// The cookie that carries it.
    pub(crate) fn cookie(&self, now_ms: i64) -> HeaderValue {
        self.secret.cookie((self.expires_at - now_ms) / 1_000)
    }

    /// Notes that it is used, at most once an hour, which moves its end; then the cookie has to follow.
    ///
    /// Best effort: a store that can be read but not written must not sign anybody out.
    pub(crate) fn slide(&mut self, now_ms: i64) -> Option<HeaderValue> {
        if now_ms - self.last_seen_at < NOTED_EVERY_MS {
            return None;
        }
        let expires_at = expiry(self.created_at, now_ms);
        if let Err(error) = session_store::note_use(&self.id, now_ms, expires_at) {
            eprintln!("the use of a session was not noted: {error}");
            return None;
        }
        self.last_seen_at = now_ms;
        self.expires_at = expires_at;
        Some(self.cookie(now_ms))
    }
}

/// When a session that was begun at `created_at` and used at `used_at` ends.
pub(crate) fn expiry(created_at: i64, used_at: i64) -> i64 {
    (used_at + IDLE_MS_MAX).min(created_at + AGE_MS_MAX)
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let SessionCookie(secret) = SessionCookie::from_request_parts(parts, state).await?;
        let secret = secret.ok_or_else(Problem::unauthorized)?;
        session_store::find(secret, now_ms())?.ok_or_else(Problem::unauthorized)
    }
}

/// A request's session secret, if it has one; nothing says yet that there is such a session.
///
/// As an extractor it answers `403` to a state-changing request with a secret that does not come from a page of ours.
pub(crate) struct SessionCookie(pub(crate) Option<Secret>);

impl<S: Send + Sync> FromRequestParts<S> for SessionCookie {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let secret = Secret::of(&parts.headers);
        let is_safe = matches!(parts.method, Method::GET | Method::HEAD);
        if secret.is_some() && !is_safe {
            origin::require_own(parts)?;
        }
        Ok(Self(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, expiry};

    #[test]
    fn use_moves_the_end_but_not_for_ever() {
        assert_eq!(expiry(0, 0), 30 * DAY_MS);
        assert_eq!(expiry(0, 10 * DAY_MS), 40 * DAY_MS);
        assert_eq!(expiry(0, 150 * DAY_MS), 180 * DAY_MS);
        assert_eq!(expiry(0, 179 * DAY_MS), 180 * DAY_MS);
    }
}
