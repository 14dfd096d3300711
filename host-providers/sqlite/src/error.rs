use std::path::PathBuf;

use dayloom_ports::StorageError;
use dayloom_sql::migrations::MigrationsError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration contradicts itself.
    #[error("storage configuration: {0}")]
    Config(String),
    /// Another process has the data directory.
    #[error("the data directory {0} is in use by another dayloom process")]
    Locked(PathBuf),
    /// A file or directory could not be made or read.
    #[error("{path}: {source}")]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The migrations on disk are not a continuation of those that were applied.
    #[error("migration {name}: {reason}")]
    Migration {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// SQLite could not open or prepare the database.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
}

impl From<MigrationsError> for OpenError {
    fn from(error: MigrationsError) -> Self {
        match error {
            MigrationsError::File { path, source } => Self::File { path, source },
            MigrationsError::Refused { name, reason } => Self::Migration { name, reason },
        }
    }
}

/// What became of one statement that did not succeed.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// A uniqueness, a foreign key or an expected count did not hold.
    Violation,
    /// The caller's mistake.
    Invalid(String),
    /// A limit was passed.
    TooLarge(String),
    /// The statement's budget was used up.
    Interrupted,
    /// The database itself can not go on: busy, full, broken. Concerns everybody, not just this statement.
    Store(rusqlite::Error),
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let (code, extended) = match &error {
            rusqlite::Error::SqliteFailure(e, _) | rusqlite::Error::SqlInputError { error: e, .. } => {
                (e.code, e.extended_code)
            }
            // What remains are the caller's mistakes that rusqlite finds: several statements, a bad index, bad UTF-8.
            _ => return Self::Invalid(error.to_string()),
        };
        match code {
            ErrorCode::ConstraintViolation => match extended {
                ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_ROWID
                | ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::Violation,
                _ => Self::Invalid(error.to_string()),
            },
            ErrorCode::TooBig => Self::TooLarge(error.to_string()),
            ErrorCode::OperationInterrupted => Self::Interrupted,
            // `Unknown` is SQLITE_ERROR: SQL that does not parse or fails while it runs.
            ErrorCode::Unknown
            | ErrorCode::AuthorizationForStatementDenied
            | ErrorCode::TypeMismatch
            | ErrorCode::ParameterOutOfRange => Self::Invalid(error.to_string()),
            _ => Self::Store(error),
        }
    }
}

impl SqlError {
    /// The port's error, for statement number `index` of the call.
    pub(crate) fn into_storage_error(self, index: u32) -> StorageError {
        match self {
            Self::Violation => StorageError::Conflict(index),
            Self::Invalid(reason) => StorageError::Invalid(format!("statement {index}: {reason}")),
            Self::TooLarge(reason) => StorageError::TooLarge(format!("statement {index}: {reason}")),
            Self::Interrupted => StorageError::Unavailable(format!("statement {index} ran for too long")),
            Self::Store(error) => StorageError::Unavailable(error.to_string()),
        }
    }
}
