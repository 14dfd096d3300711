//! The sidecar's jobs. They come back as `POST /job/<name>`.

use chrono::{DateTime, SecondsFormat};
use dayloom_spin_kit::{Sidecar, encoded};

/// The last instant that RFC 3339 can write, 9999-12-31T23:59:59.999Z: a timer later than that is as far away as any.
const AT_MAX_MS: i64 = 253_402_300_799_999;

/// Sets a timer, or sets it anew.
pub(super) fn schedule(sidecar: Sidecar<'_>, name: &str, at: u64, payload: &str) -> Result<(), String> {
    let body = body(at, payload);
    let answer = sidecar.json("POST", &path(name), body.as_bytes());
    answer.map(drop).map_err(|error| error.to_string())
}

/// Removes a timer; one that is not there is removed already.
pub(super) fn cancel(sidecar: Sidecar<'_>, name: &str) -> Result<(), String> {
    let answer = sidecar
        .call("DELETE", &path(name), "", &[])
        .map_err(|error| error.to_string())?;
    if answer.is_success() || answer.status == 404 {
        return Ok(());
    }
    Err(format!("the sidecar answered {}", answer.status))
}

fn path(name: &str) -> String {
    format!("/v1.0/jobs/{}", encoded(name))
}

/// The payload is JSON already, and goes in as it is.
fn body(at: u64, payload: &str) -> String {
    let at = i64::try_from(at).unwrap_or(AT_MAX_MS).min(AT_MAX_MS);
    let due = DateTime::from_timestamp_millis(at).unwrap_or_default();
    let due = due.to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{{\"dueTime\":\"{due}\",\"overwrite\":true,\"data\":{payload}}}")
}

#[cfg(test)]
mod tests {
    use super::{AT_MAX_MS, body};

    #[test]
    fn a_job_is_due_at_an_instant() {
        assert_eq!(
            body(1_795_248_885_761, r#"{"a":1}"#),
            r#"{"dueTime":"2026-11-21T08:14:45.761Z","overwrite":true,"data":{"a":1}}"#
        );
        assert!(body(0, "1").contains("1970-01-01T00:00:00.000Z"));
        for far in [AT_MAX_MS.unsigned_abs(), u64::MAX] {
            assert!(body(far, "1").contains("9999-12-31T23:59:59.999Z"), "{far}");
        }
    }
}
