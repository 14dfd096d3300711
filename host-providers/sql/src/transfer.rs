//! Component tables as JSON Lines, for people, other databases and other versions.
//!
//! ```text
//! {"format":"dayloom-export","version":1,"migrations":[["0001_x.sql","<sha256>"]],"tables":{"things":2}}
//! {"table":"things","columns":["id","n"]}
//! ["a",1]
//! ["b",2.5]
//! {"rows":2,"sha256":"<of every byte before this line>"}
//! ```
//!
//! Tables come by name and rows in the order of their primary key, so equal tables export equal bytes from any database.
//! Integers have no decimal point and reals have one, so both come back as what they were.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

pub use crate::reader::Reader;
pub use crate::writer::Writer;

pub(crate) const FORMAT: &str = "dayloom-export";
pub(crate) const VERSION: u32 = 1;

/// The shape of what is exported: names and SHA-256 of the component migrations, in order.
pub type Migrations = Vec<(String, String)>;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) migrations: Migrations,
    /// Rows of each table.
    pub(crate) tables: BTreeMap<String, u64>,
}

/// The line before a table's rows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableLine {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

/// What an export or import carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferReport {
    /// Rows of all tables.
    pub rows: u64,
    /// SHA-256 of everything before the closing line, in lower-case hexadecimal.
    pub sha256: String,
    /// Each table by itself.
    pub tables: BTreeMap<String, TableReport>,
}

/// What was carried of one table. Equal reports from two databases mean equal rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its lines, in lower-case hexadecimal.
    pub sha256: String,
}

/// Why lines were not read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The system's answer.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The lines are not an export of this version and these migrations, or were damaged.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// A name as an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
