//! Passwords: what is accepted, and how one is kept.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use dayloom_kit::FieldError;
use serde::{Deserialize, Deserializer};
use unicode_normalization::UnicodeNormalization;

/// Characters at least (NIST SP 800-63B §3.1.1.2).
pub(crate) const CHARACTERS_MIN: usize = 8;
/// Characters at most: any sentence somebody can remember.
pub(crate) const CHARACTERS_MAX: usize = 256;

/// OWASP Password Storage Cheat Sheet, second choice for Argon2id, which needs 19 MiB and so fits an instance: memory in
/// KiB, passes over it, lanes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt (RFC 9106 §3.1 recommends 16).
const SALT_BYTES: usize = 16;

/// What an unknown address is checked against: a hash with today's parameters whose password nobody has, written out so
/// that a new instance has no more work with an unknown address than with a known one.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mtc2FsdC0xNg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it is compared: in Unicode's NFKC, so that a letter typed as one code point on one keyboard and as two on
/// another is the same letter (NIST SP 800-63B §3.1.1.2).
///
/// Cut one character past [`CHARACTERS_MAX`]: enough to tell that it is too long, and that no stored hash is of it.
#[derive(Clone, PartialEq)]
pub(crate) struct Password(String);

impl Password {
    fn normalise(text: &str) -> Self {
        Self(text.nfkc().take(CHARACTERS_MAX + 1).collect())
    }

    /// Refuses a password of the wrong length. For sign-up: at sign-in a wrong length is just a wrong password.
    pub(crate) fn check(&self) -> Result<(), FieldError> {
        if (CHARACTERS_MIN..=CHARACTERS_MAX).contains(&self.0.chars().count()) {
            Ok(())
        } else {
            Err(FieldError {
                pointer: "#/password".into(),
                detail: format!("{CHARACTERS_MIN} to {CHARACTERS_MAX} characters."),
            })
        }
    }

    /// The PHC string to keep.
    pub(crate) fn hash(&self) -> String {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).expect("the host's randomness does not fail");
        hasher()
            .hash_password_with_salt(self.0.as_bytes(), &salt)
            .expect("the parameters and the lengths are within Argon2's limits")
            .to_string()
    }

    /// Whether it is the password of a stored hash. `None` stands for an unknown address: the same work, and never true.
    pub(crate) fn matches(&self, stored: Option<&str>) -> bool {
        let verified = hasher().verify_password(self.0.as_bytes(), stored.unwrap_or(NOBODYS));
        verified.is_ok() && stored.is_some()
    }
}

/// Whether a stored hash was made with other parameters than today's, or is no hash at all.
pub(crate) fn is_outdated(stored: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else {
        return true;
    };
    let today = (Algorithm::Argon2id.ident(), Some(Version::V0x13.into()));
    let same_costs = Params::try_from(&hash).is_ok_and(|then| {
        (then.m_cost(), then.t_cost(), then.p_cost()) == (MEMORY_KIB, PASSES, LANES)
            && then.output_len() == Some(Params::DEFAULT_OUTPUT_LEN)
    });
    (hash.algorithm, hash.version) != today || !same_costs
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the costs are within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::normalise(&text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{NOBODYS, Password, is_outdated};

    #[test]
    fn a_hash_is_of_its_password_only() {
        let password = Password::normalise("correct horse");
        let hash = password.hash();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password.matches(Some(&hash)));
        assert!(!Password::normalise("correct horsf").matches(Some(&hash)));
        assert!(!password.matches(None));
        assert!(!password.matches(Some("nonsense")));
        assert_ne!(hash, password.hash(), "a salt of its own");
    }

    #[test]
    fn todays_parameters_are_those_of_nobodys_hash() {
        assert!(!is_outdated(NOBODYS));
        assert!(!is_outdated(&Password::normalise("correct horse").hash()));
        assert!(is_outdated(&NOBODYS.replace("t=2", "t=1")));
        assert!(is_outdated(&NOBODYS.replace("argon2id", "argon2i")));
        assert!(is_outdated("plain"));
    }

    #[test]
    fn length_is_counted_in_characters_after_normalising() {
        let check = |text: &str| Password::normalise(text).check().is_ok();
        assert!(!check("1234567"));
        assert!(check("12345678"));
        assert!(check(&"é".repeat(256)));
        assert!(!check(&"é".repeat(257)));
        assert!(!check(&"a".repeat(100_000)));
        // e and a combining accent are one character.
        assert!(!check("e\u{301}e\u{301}e\u{301}e\u{301}"));
        assert_eq!(Password::normalise("e\u{301}"), Password::normalise("é"));
    }

    #[test]
    fn a_password_does_not_show_itself() {
        assert_eq!(format!("{:?}", Password::normalise("secret12")), "Password(…)");
    }
}
