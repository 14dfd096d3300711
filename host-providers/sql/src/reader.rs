use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use dayloom_ports::Value;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::transfer::{
    FORMAT, Header, LineError, Migrations, TableLine, TableReport, Trailer, TransferReport, VERSION,
};

/// Bytes of one line: the largest row a component can write, with every character escaped.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads an export line by line and compares it with what the database expects.
pub struct Reader<R> {
    lines: Lines<R>,
    tables: BTreeMap<String, u64>,
    reports: BTreeMap<String, TableReport>,
    /// SHA-256 of the first line: which export this is.
    id: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line, which has to be of these migrations and these tables.
    ///
    /// # Errors
    /// See [`LineError`].
    pub fn begin<'a>(
        reader: R,
        migrations: &Migrations,
        tables: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, LineError> {
        let mut lines = Lines {
            reader,
            whole: Sha256::new(),
            table: Sha256::new(),
            line: 0,
        };
        let header: Header = lines.next()?;
        if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
            return lines.malformed("is not an export this version can read");
        }
        if header.migrations != *migrations {
            return lines.malformed("the export was made with other migrations");
        }
        if !header.tables.keys().eq(tables) {
            return lines.malformed("the export has other tables");
        }
        let id = hex(&lines.whole.clone().finalize());
        Ok(Self {
            lines,
            tables: header.tables,
            reports: BTreeMap::new(),
            id,
        })
    }

    /// Rows of each table, as the first line says.
    pub fn tables(&self) -> &BTreeMap<String, u64> {
        &self.tables
    }

    /// Tells this export from others: SHA-256 of its first line.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Begins the next table, which has to have these columns; then come as many rows as [`tables`](Self::tables) says.
    ///
    /// # Errors
    /// See [`LineError`].
    pub fn table(&mut self, table: &str, columns: &[String]) -> Result<(), LineError> {
        self.lines.table = Sha256::new();
        let line: TableLine = self.lines.next()?;
        if line.table != table || line.columns != columns {
            return self
                .lines
                .malformed("is not the table that comes next, or has other columns");
        }
        Ok(())
    }

    /// The next row, of so many columns.
    ///
    /// # Errors
    /// See [`LineError`].
    pub fn row(&mut self, columns: usize) -> Result<Vec<Value>, LineError> {
        let cells: Vec<serde_json::Value> = self.lines.next()?;
        if cells.len() != columns {
            return self.lines.malformed("has another number of cells than columns");
        }
        match cells.into_iter().map(cell).collect() {
            Some(row) => Ok(row),
            None => self.lines.malformed("has a cell that is no number, text or null"),
        }
    }

    /// Says that the table's rows are all read.
    pub fn end_table(&mut self, table: &str) {
        let rows = self.tables.get(table).copied().unwrap_or_default();
        let sha256 = hex(&self.lines.table.clone().finalize());
        self.reports.insert(table.to_owned(), TableReport { rows, sha256 });
    }

    /// Compares everything that was read with the closing line.
    ///
    /// # Errors
    /// See [`LineError`].
    pub fn finish(mut self) -> Result<TransferReport, LineError> {
        let sha256 = hex(&self.lines.whole.clone().finalize());
        let trailer: Trailer = self.lines.next()?;
        let rows = self.tables.values().sum();
        if trailer.rows != rows || trailer.sha256 != sha256 {
            return self
                .lines
                .malformed("the count or the digest is not that of the lines before");
        }
        if !self.lines.reader.fill_buf()?.is_empty() {
            return self.lines.malformed("something follows the closing line");
        }
        Ok(TransferReport {
            rows,
            sha256,
            tables: self.reports,
        })
    }

    /// The line that was read last, counted from 1.
    pub fn line(&self) -> u64 {
        self.lines.line
    }

    /// SHA-256 of everything that was read so far, in lower-case hexadecimal.
    pub fn digest(&self) -> String {
        hex(&self.lines.whole.clone().finalize())
    }

    /// The line that was read last is not what it has to be.
    ///
    /// # Errors
    /// Always.
    pub fn malformed<T>(&self, reason: &str) -> Result<T, LineError> {
        self.lines.malformed(reason)
    }
}

fn cell(value: serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::String(text) => Some(Value::Text(text)),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(Value::Integer(integer)),
            None => number.as_f64().map(Value::Real),
        },
        _ => None,
    }
}

/// Reads lines and remembers what was read.
struct Lines<R> {
    reader: R,
    whole: Sha256,
    table: Sha256,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, LineError> {
        self.line += 1;
        let mut bytes = Vec::new();
        self.reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)?;
        if bytes.last() != Some(&b'\n') {
            return self.malformed(if bytes.is_empty() {
                "the export ends here"
            } else {
                "is cut off or too long"
            });
        }
        self.whole.update(&bytes);
        self.table.update(&bytes);
        // The reason says where in the line, never what is in it.
        serde_json::from_slice(&bytes)
            .or_else(|error| self.malformed(&format!("column {}: not as expected", error.column())))
    }

    fn malformed<T>(&self, reason: &str) -> Result<T, LineError> {
        Err(LineError::Malformed {
            line: self.line,
            reason: reason.to_owned(),
        })
    }
}
