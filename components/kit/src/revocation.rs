//! Sessions that were ended while their access tokens are still valid.
//!
//! Key-value may be lost, and then a token of an ended session works until it expires; what can not be lost, the session
//! itself, is in `auth`'s tables.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::bindings::wasi::keyvalue::{atomics, store};
use crate::clock;

/// The key-value store the deployment gives every user service.
const STORE: &str = "default";
/// Counts revocations. While it stands still, no instance needs to look at single sessions.
const EPOCH_KEY: &str = "revocation-epoch";
/// Prefix of one key per ended session.
const SESSION_KEY_PREFIX: &str = "revoked-session:";
/// How long an instance may not know of a revocation: one look-up a second instead of one a request.
const LAG_MS_MAX: i64 = 1_000;

#[derive(Default)]
struct Known {
    looked_at_ms: i64,
    epoch: Vec<u8>,
    /// Sessions looked up since the epoch last moved, which are not revoked.
    good: HashSet<String>,
}

/// Sessions remembered as good at most; 36 bytes each.
const GOOD_MAX: usize = 4_096;

thread_local! {
    /// Outlives requests on purpose: session ids that passed, forgotten whenever any session is revoked.
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// Whether the session was ended; a key-value store that does not answer means no.
pub(crate) fn is_revoked(session_id: &str) -> bool {
    let now_ms = clock::now_ms();
    KNOWN.with_borrow_mut(|known| {
        let age_ms = now_ms.saturating_sub(known.looked_at_ms);
        if !(0..LAG_MS_MAX).contains(&age_ms) {
            known.looked_at_ms = now_ms;
            let epoch = get(EPOCH_KEY).unwrap_or_default();
            if epoch != known.epoch {
                known.epoch = epoch;
                known.good.clear();
            }
        }
        if known.epoch.is_empty() || known.good.contains(session_id) {
            return false;
        }
        let revoked = get(&format!("{SESSION_KEY_PREFIX}{session_id}")).is_some();
        if !revoked && known.good.len() < GOOD_MAX {
            known.good.insert(session_id.to_owned());
        }
        revoked
    })
}

fn get(key: &str) -> Option<Vec<u8>> {
    store::open(STORE)
        .and_then(|bucket| bucket.get(key))
        .unwrap_or_else(|error| {
            eprintln!("key-value can not tell of revocations: {error:?}");
            None
        })
}

/// Tells every service, within a second, that a session has ended. For `auth`, after the session row is gone.
pub fn revoke_session(session_id: &str) {
    let done = store::open(STORE).and_then(|bucket| {
        bucket.set(&format!("{SESSION_KEY_PREFIX}{session_id}"), b"1")?;
        atomics::increment(&bucket, EPOCH_KEY, 1)
    });
    if let Err(error) = done {
        eprintln!("key-value did not take a revocation; its tokens end when they expire: {error:?}");
    }
}
