use std::cell::RefCell;
use std::time::Duration;

use crate::State;
use crate::bindings::exports::wasi::keyvalue::atomics::{self as wit, BucketBorrow, CasError};
use crate::bindings::exports::wasi::keyvalue::store::Error;
use crate::entry::{Entry, Version, Written};
use crate::store::Bucket;

/// Attempts of a change while others change the same entry. Each conflict means that another change went through, so this is
/// how many may come at once and all be counted: more than a service answers in the few seconds that the attempts take.
const ATTEMPTS_MAX: u32 = 60;
/// The first pause after a conflict is at most `PAUSE_MS`; each further one doubles it, up to `PAUSE_MS_MAX`.
const PAUSE_MS: u64 = 2;
const PAUSE_MS_MAX: u64 = 64;

/// A version that was read, to be replaced.
#[derive(Debug)]
pub struct Cas {
    entry: Entry,
    version: RefCell<Version>,
}

impl Cas {
    fn read(entry: Entry) -> Result<Self, Error> {
        let version = RefCell::new(entry.read().map_err(failed)?);
        Ok(Self { entry, version })
    }
}

impl wit::Guest for State {
    type Cas = Cas;

    fn increment(bucket: BucketBorrow<'_>, key: String, delta: i64) -> Result<i64, Error> {
        let entry = bucket.get::<Bucket>().entry(&key)?;
        change(&entry, |value| {
            let sum = sum(value, delta)?;
            Ok((sum.to_string().into_bytes(), sum))
        })
    }

    fn swap(cas: wit::Cas, value: Vec<u8>) -> Result<(), CasError> {
        let Cas { entry, version } = cas.into_inner::<Cas>();
        match entry.write(&version.into_inner(), &value) {
            Ok(Written::Yes) => Ok(()),
            Ok(Written::Conflict) => {
                let latest = Cas::read(entry).map_err(CasError::StoreError)?;
                Err(CasError::CasFailed(wit::Cas::new(latest)))
            }
            Err(reason) => Err(CasError::StoreError(failed(reason))),
        }
    }
}

impl wit::GuestCas for Cas {
    fn new(bucket: BucketBorrow<'_>, key: String) -> Result<wit::Cas, Error> {
        let entry = bucket.get::<Bucket>().entry(&key)?;
        Ok(wit::Cas::new(Self::read(entry)?))
    }

    /// The version that a swap replaces, as of now.
    fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        let version = self.entry.read().map_err(failed)?;
        let value = version.value.clone();
        self.version.replace(version);
        Ok(value)
    }
}

/// Replaces a value by another that is made of it, however many others do the same.
///
/// # Errors
/// The sidecar can not do it, others were always first, or the change is not possible.
pub(crate) fn change<T>(
    entry: &Entry,
    mut made_of: impl FnMut(Option<&[u8]>) -> Result<(Vec<u8>, T), Error>,
) -> Result<T, Error> {
    for attempt in 0..ATTEMPTS_MAX {
        let version = entry.read().map_err(failed)?;
        let (value, answer) = made_of(version.value.as_deref())?;
        if entry.write(&version, &value).map_err(failed)? == Written::Yes {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..=pause_ms_max(attempt))));
    }
    Err(failed("others changed the entry all the time".to_owned()))
}

fn pause_ms_max(attempt: u32) -> u64 {
    PAUSE_MS_MAX.min(PAUSE_MS.saturating_mul(1 << attempt.min(8)))
}

pub(crate) fn failed(reason: String) -> Error {
    Error::Other(reason)
}

/// Numbers are decimal text, as on every provider; no entry counts as 0.
fn sum(value: Option<&[u8]>, delta: i64) -> Result<i64, Error> {
    let number = match value {
        None => Some(0),
        Some(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<i64>().ok()),
    };
    let sum = number.and_then(|number| number.checked_add(delta));
    sum.ok_or_else(|| failed("the value is no number, or the sum is outside 64 bits".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS_MAX, PAUSE_MS_MAX, pause_ms_max, sum};

    #[test]
    fn pauses_grow_to_their_limit() {
        assert_eq!([0, 1, 4, 5, 6].map(pause_ms_max), [2, 4, 32, 64, 64]);
        assert_eq!(pause_ms_max(ATTEMPTS_MAX), PAUSE_MS_MAX);
    }

    #[test]
    fn numbers_are_decimal_text() {
        assert!(matches!(sum(None, -2), Ok(-2)));
        assert!(matches!(sum(Some(b"40"), 2), Ok(42)));
        assert!(sum(Some(b"x"), 1).is_err());
        assert!(sum(Some(b"9223372036854775807"), 1).is_err());
    }
}
