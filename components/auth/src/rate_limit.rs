//! Attempts counted in windows of time, in key-value: what is lost there is harmless.
//!
//! An attempt is counted before the password is looked at, so that many at once do not all slip through, and given back
//! when it was no failure. Windows stand still: nobody is locked out for longer than the rest of one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dayloom_kit::Problem;
use dayloom_kit::bindings::wasi::keyvalue::{atomics, store};
use sha2::{Digest, Sha256};

/// The key-value store the deployment gives this component.
const STORE: &str = "default";
const MINUTE_MS: i64 = 60_000;

/// How many attempts in how long.
#[derive(Debug)]
pub(crate) struct Limit {
    name: &'static str,
    attempts_max: i64,
    window_ms: i64,
}

/// Failed sign-ins of one account: a guesser needs a year for 350,000 passwords, its owner is out for minutes at most.
pub(crate) const SIGN_IN_OF_ACCOUNT: Limit = Limit {
    name: "sign-in-account",
    attempts_max: 10,
    window_ms: 15 * MINUTE_MS,
};
/// Failed sign-ins of one client address: one password tried on many accounts. An office behind one address fits.
pub(crate) const SIGN_IN_OF_CLIENT: Limit = Limit {
    name: "sign-in-client",
    attempts_max: 100,
    window_ms: 15 * MINUTE_MS,
};
/// Sign-ups of one client address: each costs us an Argon2 hash and a row. A school's first lesson fits.
pub(crate) const SIGN_UP_OF_CLIENT: Limit = Limit {
    name: "sign-up-client",
    attempts_max: 1_000,
    window_ms: 60 * MINUTE_MS,
};

impl Limit {
    /// Counts one attempt of `subject`, who is known to the store by a hash only.
    ///
    /// # Errors
    /// `429` with the rest of the window. If key-value does not answer, that is logged and the attempt goes uncounted.
    pub(crate) fn count(&self, subject: &str, now_ms: i64) -> Result<Counted, Problem> {
        let key = self.key(subject, now_ms);
        match store::open(STORE).and_then(|bucket| atomics::increment(&bucket, &key, 1)) {
            Ok(attempts) if attempts > self.attempts_max => {
                Err(Problem::too_many_requests(self.rest_of_window_seconds(now_ms)))
            }
            Ok(_) => Ok(Counted(Some(key))),
            Err(error) => {
                eprintln!("key-value did not count an attempt ({}): {error:?}", self.name);
                Ok(Counted(None))
            }
        }
    }

    fn key(&self, subject: &str, now_ms: i64) -> String {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(subject));
        format!("auth:{}:{}:{hash}", self.name, now_ms.div_euclid(self.window_ms))
    }

    fn rest_of_window_seconds(&self, now_ms: i64) -> u32 {
        let rest_ms = self.window_ms - now_ms.rem_euclid(self.window_ms);
        u32::try_from((rest_ms + 999) / 1_000).expect("a window is hours at most")
    }
}

/// An attempt that was counted.
#[must_use]
#[derive(Debug)]
pub(crate) struct Counted(Option<String>);

impl Counted {
    /// It was no failure: as if it had not been.
    pub(crate) fn give_back(self) {
        self.change(|bucket, key| atomics::increment(bucket, key, -1).map(drop));
    }

    /// It was its owner: neither it nor the failures before it count any more.
    pub(crate) fn clear(self) {
        self.change(|bucket, key| bucket.delete(key));
    }

    fn change(self, change: impl FnOnce(&store::Bucket, &str) -> Result<(), store::Error>) {
        let Some(key) = self.0 else { return };
        if let Err(error) = store::open(STORE).and_then(|bucket| change(&bucket, &key)) {
            eprintln!("key-value did not take back an attempt; it counts until its window ends: {error:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE_MS, SIGN_IN_OF_ACCOUNT as LIMIT};

    #[test]
    fn a_window_ends_on_time() {
        let start = 1_000 * 15 * MINUTE_MS;
        assert_eq!(LIMIT.rest_of_window_seconds(start), 900);
        assert_eq!(LIMIT.rest_of_window_seconds(start + 1), 900);
        assert_eq!(LIMIT.rest_of_window_seconds(start + 15 * MINUTE_MS - 1), 1);
        assert_eq!(LIMIT.rest_of_window_seconds(start + 15 * MINUTE_MS), 900);
        assert_eq!(LIMIT.key("a", start), LIMIT.key("a", start + 15 * MINUTE_MS - 1));
        assert_ne!(LIMIT.key("a", start), LIMIT.key("a", start + 15 * MINUTE_MS));
    }

    #[test]
    fn a_key_tells_of_the_subject_only_by_hash_and_fits_the_store() {
        let key = LIMIT.key(&"ana@example.org".repeat(20), i64::MAX);
        assert!(!key.contains("ana"));
        assert!(key.len() <= 256, "{}", key.len());
        assert_ne!(LIMIT.key("a", 0), LIMIT.key("b", 0));
    }
}
