//! Asking the service whether a connection is to be held.

use std::time::Duration;

use dayloom_spin_kit::http::{self, HttpError};
use wasip2::http::types::Fields;

use super::hold::Hold;
use crate::exchange::Answer;

/// Says that a request comes from here. Whoever else says it gets the service's own answer, which is for them anyway.
const ASKING: &str = "dayloom-asking";
/// How long the service may take: it looks up a session or verifies a token.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer that is none of a hold: a problem document.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Headers that belong to one connection (RFC 9110 §7.6.1), or that the client's side makes anew.
const NOT_PASSED_ON: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What the service said.
pub(super) enum Asked {
    /// The connection is to be held.
    Hold(Hold),
    /// This is its answer.
    Answer(Answer),
}

/// Whether a request was made by [`ask`].
pub(super) fn is_asking(headers: &Fields) -> bool {
    headers.has(ASKING)
}

/// Asks the component's own service through Spin.
pub(super) fn ask(component: &str, target: &str, headers: &Fields) -> Result<Asked, HttpError> {
    let url = format!("http://{component}.spin.internal{target}");
    let entries = headers.entries();
    let passed_on = entries
        .iter()
        .filter(|(name, _)| !NOT_PASSED_ON.contains(&&*name.to_ascii_lowercase()));
    let mut headers: Vec<(&str, &str)> = passed_on
        .filter_map(|(name, value)| Some((&**name, std::str::from_utf8(value).ok()?)))
        .collect();
    headers.push((ASKING, "true"));
    let answer = http::send(&http::Request {
        method: "GET",
        url: &url,
        headers: &headers,
        body: &[],
        within: ANSWER_WITHIN,
        answer_bytes_max: ANSWER_BYTES_MAX,
    })?;
    let (status, mut headers, body) = (answer.status, answer.headers, answer.body);
    headers.retain(|(name, _)| !NOT_PASSED_ON.contains(&&**name));
    Ok(match Hold::take(status, &mut headers) {
        Some(hold) => Asked::Hold(hold),
        None => Asked::Answer(Answer { status, headers, body }),
    })
}
