//! What makes an account: an address, a name. Pure rules.

use dayloom_kit::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

/// Bytes of an address at most (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub(crate) const EMAIL_BYTES_MAX: usize = 254;
/// Bytes before the `@` at most (RFC 5321 §4.5.3.1.1).
const LOCAL_PART_BYTES_MAX: usize = 64;
/// Bytes between two dots of a domain at most (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// Characters of a name at most: room for the longest real ones, and still one line of a greeting.
pub(crate) const NAME_CHARACTERS_MAX: usize = 100;

/// A user, as the API shows one to themselves.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct User {
    /// UUIDv7; the `user_id` of tokens and paths.
    #[schema(example = "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21")]
    pub(crate) id: String,
    /// As it was given at sign-up.
    #[schema(format = "email")]
    pub(crate) email: String,
    /// What they want to be called.
    pub(crate) name: String,
}

/// The address as it is compared: without the space around it and in lower case.
///
/// The standard lets a server distinguish the case of the part before the `@`; none that matters does, and two accounts
/// that differ by it would be a trap. Addresses are ASCII ([`email`]), so lower case means the same everywhere.
pub(crate) fn email_key(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// An address to write to: trimmed, and of the shape of RFC 5321 (a dot-string, `@`, a domain). Whether anybody reads
/// it, only a mail can tell.
pub(crate) fn email(text: &str) -> Result<&str, FieldError> {
    let text = text.trim();
    let right = text.len() <= EMAIL_BYTES_MAX
        && text
            .split_once('@')
            .is_some_and(|(local, domain)| is_dot_string(local) && is_domain(domain));
    if right {
        Ok(text)
    } else {
        Err(FieldError {
            pointer: "#/email".into(),
            detail: format!("An e-mail address such as ana@example.org, at most {EMAIL_BYTES_MAX} characters."),
        })
    }
}

fn is_dot_string(local: &str) -> bool {
    let is_atom_text = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    local.len() <= LOCAL_PART_BYTES_MAX
        && local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_text))
}

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// A name to be called by: trimmed, 1 to [`NAME_CHARACTERS_MAX`] characters, none of them a control character, for it ends
/// up in the subject of a mail.
pub(crate) fn name(text: &str) -> Result<&str, FieldError> {
    let text = text.trim();
    let right = (1..=NAME_CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if right {
        Ok(text)
    } else {
        Err(FieldError {
            pointer: "#/name".into(),
            detail: format!("1 to {NAME_CHARACTERS_MAX} characters on one line."),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{EMAIL_BYTES_MAX, email, email_key, name};

    #[test]
    fn an_address_is_one_however_it_is_written() {
        assert_eq!(email_key("  Ana.Berg@Example.ORG\n"), "ana.berg@example.org");
        assert_eq!(email(" Ana@Example.org "), Ok("Ana@Example.org"));
    }

    #[test]
    fn only_what_can_be_written_to_is_an_address() {
        for good in [
            "a@b.c",
            "o'neill+todo@mail.example.com",
            "root@localhost",
            "x@xn--bcher-kva.example",
        ] {
            assert!(email(good).is_ok(), "{good}");
        }
        let long_local = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "ana",
            "@b.c",
            "a@",
            "a@b@c",
            "a b@c.d",
            "a@b..c",
            ".a@b.c",
            "a.@b.c",
            "a@-b.c",
            "a@b.c\r\nBcc: x@y.z",
            "ä@b.c",
            "a@b_c.d",
            &long_local,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_may_be_254_bytes_and_no_more() {
        let domain = |bytes: usize| {
            let mut domain = "d.".repeat(bytes / 2);
            domain.truncate(bytes);
            domain.replace_range(bytes - 1.., "d");
            domain
        };
        let fitting = format!("a@{}", domain(EMAIL_BYTES_MAX - 3) + "e");
        assert_eq!(fitting.len(), EMAIL_BYTES_MAX);
        assert!(email(&fitting).is_ok(), "{fitting}");
        assert!(email(&(fitting + "e")).is_err());
    }

    #[test]
    fn a_name_is_one_line_of_1_to_100_characters() {
        assert_eq!(name("  Ana  "), Ok("Ana"));
        assert!(name(&"é".repeat(100)).is_ok());
        for bad in ["", "   ", "a\nb", "a\u{0}", &"é".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
