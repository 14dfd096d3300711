//! What SQLite's words mean: Spin passes on nothing else.

use crate::Error;
use crate::bindings::spin::sqlite::sqlite as spin;

/// What became of a statement that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// A uniqueness or a foreign key.
    Violation,
    /// Another connection is in the way.
    Busy(String),
    /// A table, column or function that is not there, or not yet.
    Missing(String),
    /// The caller's mistake.
    Invalid(String),
    /// A limit.
    TooLarge(String),
    /// The database or its disk.
    Unavailable(String),
}

/// A text of SQLite's, and what it means.
type Meaning = (&'static str, fn(String) -> Failure);

/// Parts of messages, the first that fits. The texts are part of SQLite's interface in practice: it has never changed them.
const MEANINGS: [Meaning; 17] = [
    ("UNIQUE constraint failed", |_| Failure::Violation),
    ("FOREIGN KEY constraint failed", |_| Failure::Violation),
    ("is locked", Failure::Busy),
    ("no such table", Failure::Missing),
    ("no such column", Failure::Missing),
    ("has no column named", Failure::Missing),
    ("no such function", Failure::Missing),
    ("query result exceeds limit", Failure::TooLarge),
    ("too big", Failure::TooLarge),
    ("is full", Failure::Unavailable),
    ("disk I/O error", Failure::Unavailable),
    ("readonly", Failure::Unavailable),
    ("unable to open", Failure::Unavailable),
    ("malformed", Failure::Unavailable),
    ("not a database", Failure::Unavailable),
    ("out of memory", Failure::Unavailable),
    ("internal runtime error", Failure::Unavailable),
];

impl From<spin::Error> for Failure {
    fn from(error: spin::Error) -> Self {
        match error {
            spin::Error::Io(text) => Self::told(text),
            spin::Error::NoSuchDatabase | spin::Error::AccessDenied => {
                Self::Unavailable("the component has no database `default`; list it in sqlite_databases".to_owned())
            }
            spin::Error::InvalidConnection => Self::Unavailable("the connection is gone".to_owned()),
            spin::Error::DatabaseFull => Self::Unavailable("the database is full".to_owned()),
        }
    }
}

impl Failure {
    fn told(text: String) -> Self {
        // What comes after ` in ` is the statement, whose words are not SQLite's.
        let message = text.split(" in ").next().unwrap_or(&text);
        match MEANINGS.iter().find(|(part, _)| message.contains(part)) {
            Some((_, meaning)) => meaning(text),
            None => Self::Invalid(text),
        }
    }

    /// The interface's error, for statement number `index` of the call.
    pub(super) fn into_error(self, index: u32) -> Error {
        match self {
            Self::Violation => Error::Conflict(index),
            Self::Missing(text) | Self::Invalid(text) => Error::Invalid(format!("statement {index}: {text}")),
            Self::TooLarge(text) => Error::TooLarge(format!("statement {index}: {text}")),
            Self::Busy(text) | Self::Unavailable(text) => Error::Unavailable(format!("statement {index}: {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use crate::Error;

    #[test]
    fn sqlites_words_are_understood() {
        let error = |text: &str| Failure::told(text.to_owned()).into_error(3);
        assert_eq!(error("UNIQUE constraint failed: users.email_key"), Error::Conflict(3));
        assert_eq!(error("FOREIGN KEY constraint failed"), Error::Conflict(3));
        for invalid in [
            "NOT NULL constraint failed: users.id",
            "CHECK constraint failed: x",
            "near \"FORM\": syntax error in SELECT 1 FORM x at offset 9",
            "no such table: x in SELECT \"database is locked\" FROM x at offset 3",
        ] {
            assert!(matches!(error(invalid), Error::Invalid(_)), "{invalid}");
        }
        for unavailable in ["database is locked", "database or disk is full", "disk I/O error"] {
            assert!(matches!(error(unavailable), Error::Unavailable(_)), "{unavailable}");
        }
        assert!(matches!(error("string or blob too big"), Error::TooLarge(_)));
    }
}
