use std::path::PathBuf;

use dayloom_ports::StorageError;
use dayloom_sql::migrations::MigrationsError;
use tokio_postgres::error::{Error, SqlState};

/// Why the store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key of the configuration, or the database itself, is not as it has to be; the text says how to mend it.
    #[error("storage configuration: {0}")]
    Config(String),
    /// A file or directory could not be read.
    #[error("{path}: {source}")]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The migrations on disk are not a continuation of those that were applied, or one of them failed.
    #[error("migration {name}: {reason}")]
    Migration {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An import was begun and not finished: run it again with the same export.
    #[error("an import into this database is not finished; run it again with the same export")]
    Importing,
    /// The database could not be reached or prepared.
    #[error("database: {0}")]
    Database(String),
}

impl From<MigrationsError> for OpenError {
    fn from(error: MigrationsError) -> Self {
        match error {
            MigrationsError::File { path, source } => Self::File { path, source },
            MigrationsError::Refused { name, reason } => Self::Migration { name, reason },
        }
    }
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Database(told(&error))
    }
}

impl From<SqlError> for OpenError {
    fn from(error: SqlError) -> Self {
        Self::Database(error.to_string())
    }
}

/// The server's words, or those of the connection: the error's own text leaves them out.
pub(crate) fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            text
        }
    }
}

/// What became of one statement that did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// A uniqueness, a foreign key or an expected count did not hold.
    #[error("a uniqueness, a foreign key or an expected count does not hold")]
    Violation,
    /// The caller's mistake.
    #[error("{0}")]
    Invalid(String),
    /// A limit was passed.
    #[error("{0}")]
    TooLarge(String),
    /// Two commits stood in each other's way and this one gave in, or the connection had prepared the statement for a
    /// table that has changed since: worth another attempt at once.
    #[error("{0}")]
    Again(String),
    /// Not now: a time limit, a full disk, a restart, a lost connection.
    #[error("{0}")]
    Unavailable(String),
    /// The server's word for everything after a statement that failed: that one has the reason.
    #[error("the transaction had failed")]
    Aborted,
}

impl From<Error> for SqlError {
    fn from(error: Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return Self::Unavailable(told(&error));
        };
        let (code, reason) = (db.code(), told(&error));
        match *code {
            SqlState::UNIQUE_VIOLATION | SqlState::FOREIGN_KEY_VIOLATION | SqlState::EXCLUSION_VIOLATION => {
                return Self::Violation;
            }
            SqlState::IN_FAILED_SQL_TRANSACTION => return Self::Aborted,
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::INVALID_SQL_STATEMENT_NAME => return Self::Again(reason),
            // "cached plan must not change result type", which has no code of its own.
            SqlState::FEATURE_NOT_SUPPORTED if db.routine() == Some("RevalidateCachedQuery") => {
                return Self::Again(reason);
            }
            SqlState::QUERY_CANCELED => return Self::Unavailable("ran for too long".to_owned()),
            SqlState::LOCK_NOT_AVAILABLE => return Self::Unavailable("waited too long for a row".to_owned()),
            // The server became a standby: the caller has done nothing wrong.
            SqlState::READ_ONLY_SQL_TRANSACTION => return Self::Unavailable(reason),
            _ => {}
        }
        match code.code().get(..2) {
            // A feature that is not there, a wrong cardinality, data that does not fit, a missing value or a failed check,
            // a syntax error or an unknown name.
            Some("0A" | "21" | "22" | "23" | "42") => Self::Invalid(reason),
            // A program limit, such as an index entry's size.
            Some("54") => Self::TooLarge(reason),
            _ => Self::Unavailable(reason),
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
            Self::Again(reason) | Self::Unavailable(reason) => {
                StorageError::Unavailable(format!("statement {index}: {reason}"))
            }
            Self::Aborted => StorageError::Unavailable(format!("statement {index}: {self}")),
        }
    }
}
