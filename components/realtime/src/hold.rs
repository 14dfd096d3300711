//! The answer that tells the host to hold a connection (GRIP, <https://pushpin.org/docs/protocols/grip/>).

use axum::response::{IntoResponse, Response};
use dayloom_kit::{Principal, Problem};
use http::{HeaderName, HeaderValue, StatusCode};

const HOLD: HeaderName = HeaderName::from_static("grip-hold");
const CHANNEL: HeaderName = HeaderName::from_static("grip-channel");
const TIMEOUT: HeaderName = HeaderName::from_static("grip-timeout");

/// Leave to listen.
#[derive(Debug, PartialEq)]
pub(crate) struct Hold {
    /// Whose events.
    pub(crate) user_id: String,
    /// For how long.
    pub(crate) seconds: u64,
}

impl Hold {
    /// Until the principal's token ends.
    pub(crate) fn of(principal: Principal) -> Self {
        let now_seconds = u64::try_from(dayloom_kit::now_ms() / 1_000).unwrap_or_default();
        Self {
            seconds: principal.expires_at.saturating_sub(now_seconds),
            user_id: principal.user_id,
        }
    }

    /// The answer, without a body: that is the host's.
    ///
    /// # Errors
    /// `500` for a user id that no header can carry; `auth` gives out no such id.
    pub(crate) fn answer(&self) -> Result<Response, Problem> {
        let channel = HeaderValue::from_str(&self.user_id).map_err(|_| Problem::internal())?;
        let headers = [
            (HOLD, HeaderValue::from_static("stream")),
            (CHANNEL, channel),
            (TIMEOUT, HeaderValue::from(self.seconds)),
        ];
        Ok((StatusCode::OK, headers).into_response())
    }
}

#[cfg(test)]
mod tests {
    use dayloom_kit::Principal;

    use super::Hold;

    #[test]
    fn a_connection_is_held_until_its_token_ends() {
        let now_seconds = u64::try_from(dayloom_kit::now_ms() / 1_000).unwrap();
        let principal = Principal {
            user_id: "u".into(),
            session_id: "s".into(),
            expires_at: now_seconds + 600,
        };
        let hold = Hold::of(principal);
        assert!((595..=600).contains(&hold.seconds), "{hold:?}");
        let answer = hold.answer().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["grip-hold"], "stream");
        assert_eq!(answer.headers()["grip-channel"], "u");
        assert_eq!(answer.headers()["grip-timeout"], hold.seconds.to_string().as_str());
    }
}
