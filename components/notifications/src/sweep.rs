//! The sweep: fires whatever is due and was missed.

use dayloom_kit::storage::StorageError;

use crate::{fire, timer};

/// Timers one sweep fires at most: a second or two of commits, so that it ends well before the next. What is left is due then.
const FIRED_MAX: i64 = 500;

/// Fires everything that is due, oldest first. One reminder that can not be fired does not keep the others waiting.
pub(crate) fn sweep() -> Result<(), StorageError> {
    for timer in timer::due(dayloom_kit::now(), FIRED_MAX)? {
        match timer.and_then(|timer| fire::fire(&timer)) {
            Ok(()) => {}
            Err(StorageError::Unavailable(reason)) => return Err(StorageError::Unavailable(reason)),
            Err(error) => eprintln!("a reminder can not be fired: {error}"),
        }
    }
    Ok(())
}
