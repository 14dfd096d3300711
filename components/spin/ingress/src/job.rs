//! A timer of the sidecar fires.

use wasip2::http::types::IncomingRequest;

use crate::bindings::dayloom::platform::job;
use crate::exchange::{self, Answer};

/// Bytes of a job's data: four times what the platform takes, for the sidecar writes the JSON anew and may escape more.
const DATA_BYTES_MAX: usize = 4 * dayloom_spin_kit::limits::JOB_PAYLOAD_BYTES_MAX;

/// Runs a job. `500` makes the sidecar repeat it, a few times; after that the component's sweep finds it.
pub(crate) fn run(name: &str, request: IncomingRequest) -> Answer {
    if name.is_empty() || name.len() > dayloom_spin_kit::limits::JOB_NAME_BYTES_MAX {
        eprintln!("a timer fired whose name is none of ours");
        return Answer::status(400);
    }
    let data = match exchange::body(request, DATA_BYTES_MAX) {
        Ok(data) => data,
        Err(error) => {
            eprintln!("the data of timer {name} can not be read: {error:?}");
            return error.answer();
        }
    };
    let Ok(payload) = String::from_utf8(data) else {
        eprintln!("the data of timer {name} is no text");
        return Answer::status(400);
    };
    match job::run(name, &payload) {
        Ok(()) => Answer::empty(),
        Err(reason) => {
            eprintln!("timer {name} failed: {reason}");
            Answer::status(500)
        }
    }
}
