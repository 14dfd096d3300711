//! Timers on Spin: the sidecar's jobs where there is a sidecar, and otherwise rows of the database, which the ingress looks
//! at with every tick.

mod jobs;
mod rows;

use bindings::exports::dayloom::platform::scheduler as wit;
use dayloom_spin_kit::limits::{JOB_NAME_BYTES_MAX, JOB_PAYLOAD_BYTES_MAX};
use dayloom_spin_kit::{Settings, Sidecar};

struct Scheduler;

dayloom_spin_kit::adapter!("spin-scheduler", Scheduler, [sqlite postgres config files http]);

impl wit::Guest for Scheduler {
    fn schedule(name: String, at: wit::TimestampMs, payload: String) -> Result<(), wit::Error> {
        check_name(&name)?;
        check_payload(&payload)?;
        let settings = Settings::read();
        match &settings.sidecar {
            Some(sidecar) => jobs::schedule(Sidecar::new(sidecar), &name, at, &payload),
            None => rows::schedule(&settings, &name, at, &payload),
        }
        .map_err(unavailable)
    }

    fn cancel(name: String) -> Result<(), wit::Error> {
        check_name(&name)?;
        let settings = Settings::read();
        match &settings.sidecar {
            Some(sidecar) => jobs::cancel(Sidecar::new(sidecar), &name),
            None => rows::cancel(&settings, &name),
        }
        .map_err(unavailable)
    }
}

fn unavailable(reason: String) -> wit::Error {
    eprintln!("scheduler: {reason}");
    wit::Error::Unavailable(reason)
}

fn check_name(name: &str) -> Result<(), wit::Error> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=JOB_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(());
    }
    let rule = format!("a job's name is 1 to {JOB_NAME_BYTES_MAX} letters, digits, `.`, `_` and `-`");
    Err(wit::Error::Invalid(rule))
}

fn check_payload(payload: &str) -> Result<(), wit::Error> {
    if payload.len() > JOB_PAYLOAD_BYTES_MAX {
        return Err(wit::Error::Invalid(format!(
            "a payload has at most {JOB_PAYLOAD_BYTES_MAX} bytes"
        )));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(wit::Error::Invalid(format!("the payload is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{JOB_NAME_BYTES_MAX, JOB_PAYLOAD_BYTES_MAX, check_name, check_payload};

    #[test]
    fn names_and_payloads_have_limits() {
        assert!(check_name("rem-1.a_B").is_ok());
        assert!(check_name(&"x".repeat(JOB_NAME_BYTES_MAX)).is_ok());
        for bad in ["", "a/b", "ä", &"x".repeat(JOB_NAME_BYTES_MAX + 1)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert!(check_payload(&format!("\"{}\"", "x".repeat(JOB_PAYLOAD_BYTES_MAX - 2))).is_ok());
        assert!(check_payload(&format!("\"{}\"", "x".repeat(JOB_PAYLOAD_BYTES_MAX - 1))).is_err());
        assert!(check_payload("").is_err());
        assert!(check_payload("{").is_err());
    }
}
