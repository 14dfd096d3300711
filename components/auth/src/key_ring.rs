//! The signing keys: which one signs, and how a new one is made.

use std::cell::RefCell;
use std::rc::Rc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dayloom_kit::Problem;
use dayloom_kit::storage::{self, Cells, Commit, Row, Statement, StorageError, Value, expecting};
use jwt_simple::prelude::Ed25519KeyPair;

use crate::key_encryption::{KeyEncryption, KeyEncryptionError};
use crate::key_plan::{KeyDates, SIGNER_AGE_MS_MAX};

/// Keys looked at and published, newest first. Three are there in a normal year; a deployment that loses its encryption key
/// at every start must not make the set larger than verifiers read (64 KiB).
const KEYS_MAX: i64 = 100;
/// Times a new key is looked for after another instance made one in the same moment.
const RACES_MAX: usize = 3;

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredKey {
    pub(crate) dates: KeyDates,
    /// 32 bytes in base64url.
    pub(crate) public_key: String,
    sealed_key_pair: String,
}

/// The key that signs, opened.
pub(crate) struct Signer {
    /// Carries its `kid`.
    pub(crate) key_pair: Ed25519KeyPair,
    opened_at_ms: i64,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyRingError {
    /// The deployment's key is not usable.
    #[error(transparent)]
    Encryption(#[from] KeyEncryptionError),
    /// The store, or a race that was lost [`RACES_MAX`] times, which a repeat will win.
    #[error("the keys' store: {0}")]
    Storage(#[from] StorageError),
}

impl From<KeyRingError> for Problem {
    fn from(error: KeyRingError) -> Self {
        match error {
            KeyRingError::Encryption(error) => error.into(),
            KeyRingError::Storage(StorageError::Conflict(_)) => Problem::unavailable(),
            KeyRingError::Storage(error) => error.into(),
        }
    }
}

thread_local! {
    /// Outlives requests on purpose: opening a key costs a query and a decryption, and it belongs to no request.
    static SIGNER: RefCell<Option<Rc<Signer>>> = const { RefCell::new(None) };
}

/// The key that signs now; makes one if there is none that this deployment can open.
pub(crate) fn signer(now_ms: i64) -> Result<Rc<Signer>, KeyRingError> {
    let known = SIGNER.with_borrow(Clone::clone);
    // A negative age is a clock that jumped back: look again.
    if let Some(known) = known.filter(|it| (0..SIGNER_AGE_MS_MAX).contains(&(now_ms - it.opened_at_ms))) {
        return Ok(known);
    }
    let encryption = KeyEncryption::of_deployment()?;
    let key_pair = open_or_make(&encryption, now_ms)?;
    let signer = Rc::new(Signer {
        key_pair,
        opened_at_ms: now_ms,
    });
    SIGNER.set(Some(signer.clone()));
    Ok(signer)
}

fn open_or_make(encryption: &KeyEncryption, now_ms: i64) -> Result<Ed25519KeyPair, KeyRingError> {
    let mut lost = 0;
    loop {
        let keys = all()?;
        if let Some(key_pair) = newest_that_opens(&keys, encryption, now_ms) {
            return Ok(key_pair);
        }
        let generation = keys.first().map_or(1, |newest| newest.dates.generation + 1);
        let (key_pair, insert) = make(encryption, generation, now_ms, now_ms);
        let mut commit = Commit::default();
        commit.push(insert);
        match commit.apply() {
            Ok(_) => return Ok(key_pair),
            Err(StorageError::Conflict(_)) if lost < RACES_MAX => lost += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The newest key that signs already. One that does not open stays published for the tokens it signed, and is passed over.
fn newest_that_opens(keys: &[StoredKey], encryption: &KeyEncryption, now_ms: i64) -> Option<Ed25519KeyPair> {
    keys.iter()
        .filter(|key| key.dates.signs_from <= now_ms)
        .find_map(|key| {
            let key_pair = open(key, encryption);
            if key_pair.is_none() {
                eprintln!(
                    "signing key {} does not open with the present key_encryption_key; another one signs",
                    key.dates.id
                );
            }
            key_pair
        })
}

fn open(key: &StoredKey, encryption: &KeyEncryption) -> Option<Ed25519KeyPair> {
    let bytes = encryption.open(&key.dates.id, &key.sealed_key_pair)?;
    let key_pair = Ed25519KeyPair::from_bytes(&bytes).ok()?;
    (key_pair.public_key().jwk_thumbprint() == key.dates.id).then(|| key_pair.with_key_id(&key.dates.id))
}

/// A new key, and the statement that stores it or meets a conflict if the generation is there already.
pub(crate) fn make(
    encryption: &KeyEncryption,
    generation: i64,
    now_ms: i64,
    signs_from: i64,
) -> (Ed25519KeyPair, Statement) {
    let key_pair = Ed25519KeyPair::generate();
    let public_key = key_pair.public_key();
    let id = public_key.jwk_thumbprint();
    let insert = expecting(
        1,
        "INSERT INTO signing_keys (id, generation, public_key, sealed_key_pair, created_at, signs_from) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        vec![
            id.as_str().into(),
            generation.into(),
            URL_SAFE_NO_PAD.encode(public_key.to_bytes()).into(),
            encryption.seal(&id, &key_pair.to_bytes()).into(),
            now_ms.into(),
            signs_from.into(),
        ],
    );
    (key_pair.with_key_id(&id), insert)
}

/// Every key, newest first, at most [`KEYS_MAX`].
pub(crate) fn all() -> Result<Vec<StoredKey>, StorageError> {
    let rows = storage::query(
        "SELECT id, generation, created_at, signs_from, public_key, sealed_key_pair \
         FROM signing_keys ORDER BY generation DESC LIMIT $1",
        &[Value::from(KEYS_MAX)],
    )?;
    rows.into_iter().map(read).collect()
}

fn read(row: Row) -> Result<StoredKey, StorageError> {
    let mut cells = Cells::of(row);
    Ok(StoredKey {
        dates: KeyDates {
            id: cells.text()?,
            generation: cells.integer()?,
            created_at: cells.integer()?,
            signs_from: cells.integer()?,
        },
        public_key: cells.text()?,
        sealed_key_pair: cells.text()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{StoredKey, make, newest_that_opens, read};
    use crate::key_encryption::KeyEncryption;
    use dayloom_kit::storage::Value;

    fn encryption(byte: char) -> KeyEncryption {
        // 43 base64url digits are 32 bytes; the last digit carries four bits only.
        KeyEncryption::parse(&format!("{}A", byte.to_string().repeat(42))).unwrap()
    }

    fn stored(encryption: &KeyEncryption, generation: i64, signs_from: i64) -> StoredKey {
        let (_, insert) = make(encryption, generation, 0, signs_from);
        let [id, generation, public_key, sealed, created_at, signs_from] =
            <[Value; 6]>::try_from(insert.params).unwrap();
        read(vec![id, generation, created_at, signs_from, public_key, sealed]).unwrap()
    }

    #[test]
    fn the_newest_key_whose_time_has_come_signs() {
        let encryption = encryption('A');
        let keys = [stored(&encryption, 2, 100), stored(&encryption, 1, 0)];
        let signer = |now| {
            newest_that_opens(&keys, &encryption, now)
                .unwrap()
                .public_key()
                .jwk_thumbprint()
        };
        assert_eq!(signer(99), keys[1].dates.id);
        assert_eq!(signer(100), keys[0].dates.id);
    }

    #[test]
    fn a_key_that_does_not_open_is_passed_over() {
        let (present, lost) = (encryption('A'), encryption('B'));
        let keys = [stored(&lost, 2, 0), stored(&present, 1, 0)];
        let signer = newest_that_opens(&keys, &present, 0).unwrap();
        assert_eq!(signer.public_key().jwk_thumbprint(), keys[1].dates.id);
        assert!(newest_that_opens(&keys[..1], &present, 0).is_none());
    }

    #[test]
    fn a_sealed_key_of_another_row_does_not_open() {
        let encryption = encryption('A');
        let (mut one, other) = (stored(&encryption, 1, 0), stored(&encryption, 2, 0));
        one.sealed_key_pair = other.sealed_key_pair;
        assert!(newest_that_opens(&[one], &encryption, 0).is_none());
    }
}
