//! Private keys at rest: sealed under a key that only the deployment has.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use dayloom_kit::{Problem, variable};

/// Bytes of the nonce in front of the ciphertext: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;

/// XChaCha20-Poly1305 under the variable `key_encryption_key`. It has no `Debug` form.
pub(crate) struct KeyEncryption(XChaCha20Poly1305);

/// Why nothing can be sealed or opened. The deployment has to mend it.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub(crate) enum KeyEncryptionError {
    /// Not given.
    #[error("variable key_encryption_key is missing: give 32 random bytes in base64url")]
    Missing,
    /// Something else than 32 bytes in base64url.
    #[error("variable key_encryption_key is not 32 bytes in base64url")]
    Malformed,
}

impl From<KeyEncryptionError> for Problem {
    fn from(error: KeyEncryptionError) -> Self {
        eprintln!("no access token can be signed: {error}");
        Problem::unavailable()
    }
}

impl KeyEncryption {
    /// The deployment's.
    pub(crate) fn of_deployment() -> Result<Self, KeyEncryptionError> {
        Self::parse(&variable("key_encryption_key").ok_or(KeyEncryptionError::Missing)?)
    }

    /// From 32 bytes in base64url, with or without padding.
    pub(crate) fn parse(text: &str) -> Result<Self, KeyEncryptionError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.trim().trim_end_matches('='))
            .map_err(|_| KeyEncryptionError::Malformed)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyEncryptionError::Malformed)?;
        Ok(Self(XChaCha20Poly1305::new(&Key::from(bytes))))
    }

    /// Nonce and ciphertext in base64url. `id` is bound to it: a sealed key moved to another row does not open.
    pub(crate) fn seal(&self, id: &str, secret: &[u8]) -> String {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the host's randomness does not fail");
        let payload = Payload {
            msg: secret,
            aad: id.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a key is far shorter than the cipher's limit");
        URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// What [`Self::seal`] was given; none if it was sealed under another key, for another id, or changed since.
    pub(crate) fn open(&self, id: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: id.as_bytes(),
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyEncryption, KeyEncryptionError};

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const OTHER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_for_its_id() {
        let encryption = KeyEncryption::parse(KEY).unwrap();
        let sealed = encryption.seal("k1", b"private");
        assert_eq!(encryption.open("k1", &sealed).as_deref(), Some(&b"private"[..]));
        assert_eq!(encryption.open("k2", &sealed), None);
        assert_eq!(KeyEncryption::parse(OTHER).unwrap().open("k1", &sealed), None);
        for broken in ["", "A", "!", &sealed[..20], &format!("B{}", &sealed[1..])] {
            assert!(broken == sealed || encryption.open("k1", broken).is_none(), "{broken}");
        }
        assert_ne!(sealed, encryption.seal("k1", b"private"), "a nonce of its own");
    }

    #[test]
    fn a_key_is_32_bytes() {
        for bad in [
            "",
            "AAAA",
            &format!("{KEY}AAAA"),
            "not base64 at all, whatever its length is",
        ] {
            assert_eq!(
                KeyEncryption::parse(bad).err(),
                Some(KeyEncryptionError::Malformed),
                "{bad}"
            );
        }
        assert!(KeyEncryption::parse(&format!(" {OTHER}\n")).is_ok());
    }
}
