//! What PostgreSQL's words mean.

use crate::Error;
use crate::bindings::spin::postgres::postgres as spin;

/// What became of a statement that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// A uniqueness, a foreign key or an expected count.
    Violation,
    /// Two commits stood in each other's way and this one gave in: worth another attempt at once.
    Again(String),
    /// A table, column or function that is not there, or not yet.
    Missing(String),
    /// The caller's mistake.
    Invalid(String),
    /// A limit.
    TooLarge(String),
    /// Not now.
    Unavailable(String),
}

impl Failure {
    /// By SQLSTATE, as PostgreSQL's documentation lists them, and the two of our own function.
    pub(super) fn of(code: &str, message: &str) -> Self {
        let text = format!("{message} ({code})");
        match code {
            "23505" | "23503" | "23P01" | "DAY01" => Self::Violation,
            "40001" | "40P01" => Self::Again(text),
            "42P01" | "42703" | "42883" => Self::Missing(text),
            "DAY02" => Self::TooLarge(text),
            _ => match code.get(..2) {
                // A feature that is not there, a wrong cardinality, data that does not fit, a missing value or a failed
                // check, a syntax error or an unknown name.
                Some("0A" | "21" | "22" | "23" | "42") => Self::Invalid(text),
                // A program limit, such as an index entry's size.
                Some("54") => Self::TooLarge(text),
                _ => Self::Unavailable(text),
            },
        }
    }

    /// The interface's error, for statement number `index` of the call.
    pub(super) fn into_error(self, index: u32) -> Error {
        match self {
            Self::Violation => Error::Conflict(index),
            Self::Missing(text) | Self::Invalid(text) => Error::Invalid(format!("statement {index}: {text}")),
            Self::TooLarge(text) => Error::TooLarge(format!("statement {index}: {text}")),
            Self::Again(text) | Self::Unavailable(text) => Error::Unavailable(format!("statement {index}: {text}")),
        }
    }
}

impl From<spin::Error> for Failure {
    fn from(error: spin::Error) -> Self {
        match error {
            spin::Error::QueryFailed(spin::QueryError::DbError(error)) => Self::of(&error.code, &error.message),
            // What fails while it runs comes as the text of Spin's own error.
            spin::Error::QueryFailed(spin::QueryError::Text(text)) => match code_in(&text) {
                Some(code) => Self::of(code, &text),
                None if text.contains("query result exceeds limit") => Self::TooLarge(text),
                None => Self::Unavailable(text),
            },
            spin::Error::ValueConversionFailed(text) | spin::Error::BadParameter(text) => Self::Invalid(text),
            spin::Error::ConnectionFailed(text) | spin::Error::Other(text) => Self::Unavailable(text),
        }
    }
}

/// The SQLSTATE in the text of an error of Spin.
fn code_in(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("code: ")?;
    let code = after.trim_start_matches(['\\', '"']).get(..5)?;
    let is_code = code
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::{Failure, code_in};
    use crate::Error;

    #[test]
    fn a_code_says_whose_matter_it_is() {
        let error = |code: &str| Failure::of(code, "m").into_error(2);
        for code in ["23505", "23503", "23P01", "DAY01"] {
            assert_eq!(error(code), Error::Conflict(2));
        }
        for code in ["22P02", "23502", "23514", "42601", "42P01", "0A000"] {
            assert!(matches!(error(code), Error::Invalid(_)), "{code}");
        }
        for code in ["DAY02", "54000"] {
            assert!(matches!(error(code), Error::TooLarge(_)), "{code}");
        }
        for code in ["40001", "40P01", "55P03", "57014", "57P01", "25006", "53100", "08006"] {
            assert!(matches!(error(code), Error::Unavailable(_)), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_in_spins_text() {
        let text =
            "Error::QueryFailed(QueryError::DbError(DbError { severity: \"ERROR\", code: \"22P02\", message: \"m\" }))";
        assert_eq!(code_in(text), Some("22P02"));
        assert_eq!(code_in("code: \\\"23505\\\","), Some("23505"));
        assert_eq!(code_in("connection closed"), None);
        assert_eq!(code_in("code: none"), None);
    }
}
