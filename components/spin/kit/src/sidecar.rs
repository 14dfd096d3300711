//! Calls to the Dapr sidecar.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::http::{self, Answer, HttpError, Request};
use crate::settings::SidecarSettings;

/// How long the sidecar may take for a call; it talks to a server behind it.
const CALL_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer at most: a page of failed entries, or one state value.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of an answer that are repeated in an error.
const TOLD_BYTES_MAX: usize = 300;

/// The sidecar of this instance.
#[derive(Debug, Clone, Copy)]
pub struct Sidecar<'a> {
    settings: &'a SidecarSettings,
}

/// Why a call has no useful answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SidecarError {
    /// The sidecar is away, or too slow.
    #[error("the sidecar: {0}")]
    Http(#[from] HttpError),
    /// It answered, but not with success.
    #[error("the sidecar answered {status}: {text}")]
    Status {
        /// Its status.
        status: u16,
        /// The first bytes of what it said.
        text: String,
    },
}

impl<'a> Sidecar<'a> {
    /// The sidecar of the settings.
    pub fn new(settings: &'a SidecarSettings) -> Self {
        Self { settings }
    }

    /// Calls a path such as `/v1.0/jobs/x`, with the token if there is one. Any status is an answer.
    ///
    /// # Errors
    /// There is no answer.
    pub fn call(self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Result<Answer, SidecarError> {
        let url = format!("{}{path}", self.settings.url);
        let mut headers = vec![];
        if !body.is_empty() {
            headers.push(("content-type", content_type));
        }
        if let Some(token) = &self.settings.token {
            headers.push(("dapr-api-token", token.expose_secret()));
        }
        let request = Request {
            method,
            url: &url,
            headers: &headers,
            body,
            within: CALL_WITHIN,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        Ok(http::send(&request)?)
    }

    /// The same with JSON, where anything but success is an error.
    ///
    /// # Errors
    /// There is no answer, or no 2xx.
    pub fn json(self, method: &str, path: &str, body: &[u8]) -> Result<Answer, SidecarError> {
        expect_success(self.call(method, path, "application/json", body)?)
    }

    /// A secret of the deployment's secret store; none if no store is named, or it has no such secret. What we call
    /// `key_encryption_key` is the key of that name in the secret `key-encryption-key`: Kubernetes allows no `_` there.
    ///
    /// # Errors
    /// The store can not be asked.
    pub fn secret(self, name: &str) -> Result<Option<SecretString>, SidecarError> {
        let Some(store) = &self.settings.secret_store else {
            return Ok(None);
        };
        let path = format!("/v1.0/secrets/{}/{}", encoded(store), encoded(&name.replace('_', "-")));
        let answer = expect_success(self.call("GET", &path, "", &[])?)?;
        // 204 without a body: there is no such secret.
        let secret: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let text = secret
            .as_ref()
            .and_then(|secret| secret.get(name))
            .and_then(Value::as_str);
        Ok(text.map(SecretString::from))
    }
}

/// The answer if it tells of success.
fn expect_success(answer: Answer) -> Result<Answer, SidecarError> {
    if answer.is_success() {
        return Ok(answer);
    }
    let told = &answer.body[..answer.body.len().min(TOLD_BYTES_MAX)];
    Err(SidecarError::Status {
        status: answer.status,
        text: String::from_utf8_lossy(told).into_owned(),
    })
}

/// A text as one segment of a path (RFC 3986 §3.3): everything but unreserved characters is percent-encoded.
pub fn encoded(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Answer, SidecarError, encoded, expect_success};

    #[test]
    fn a_segment_can_not_leave_its_place() {
        assert_eq!(encoded("rem-v1.0_~"), "rem-v1.0_~");
        assert_eq!(encoded("a/../b?c d"), "a%2F..%2Fb%3Fc%20d");
    }

    #[test]
    fn an_error_is_told_shortly() {
        let answer = |status| Answer {
            status,
            headers: vec![],
            body: vec![b'x'; 1000],
        };
        assert!(expect_success(answer(204)).is_ok());
        let Err(SidecarError::Status { status: 500, text }) = expect_success(answer(500)) else {
            panic!("an error");
        };
        assert_eq!(text.len(), super::TOLD_BYTES_MAX);
    }
}
