use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use dayloom_ports::Value;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::transfer::{FORMAT, Header, Migrations, TableLine, TableReport, Trailer, TransferReport, VERSION};

/// Writes an export line by line and remembers what was written.
pub struct Writer<W: Write> {
    writer: BufWriter<W>,
    whole: Sha256,
    table: Option<OpenTable>,
    reports: BTreeMap<String, TableReport>,
}

struct OpenTable {
    name: String,
    rows: u64,
    digest: Sha256,
}

impl<W: Write> Writer<W> {
    /// Begins an export of tables with so many rows each.
    ///
    /// # Errors
    /// What the system said.
    pub fn begin(writer: W, migrations: Migrations, tables: BTreeMap<String, u64>) -> io::Result<Self> {
        let mut this = Self {
            writer: BufWriter::new(writer),
            whole: Sha256::new(),
            table: None,
            reports: BTreeMap::new(),
        };
        this.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            migrations,
            tables,
        })?;
        Ok(this)
    }

    /// Begins the next table, by name.
    ///
    /// # Errors
    /// What the system said.
    pub fn table(&mut self, table: &str, columns: &[String]) -> io::Result<()> {
        self.close_table();
        self.table = Some(OpenTable {
            name: table.to_owned(),
            rows: 0,
            digest: Sha256::new(),
        });
        self.line(&TableLine {
            table: table.to_owned(),
            columns: columns.to_vec(),
        })
    }

    /// The next row of the table. Reals have to be finite: JSON has no word for the others.
    ///
    /// # Errors
    /// What the system said.
    pub fn row(&mut self, cells: &[Value]) -> io::Result<()> {
        if let Some(table) = &mut self.table {
            table.rows += 1;
        }
        self.line(&Cells(cells))
    }

    /// Writes the closing line, without which nothing can be imported.
    ///
    /// # Errors
    /// What the system said.
    pub fn finish(mut self) -> io::Result<TransferReport> {
        self.close_table();
        let rows = self.reports.values().map(|table| table.rows).sum();
        let sha256 = hex(&self.whole.clone().finalize());
        self.line(&Trailer {
            rows,
            sha256: sha256.clone(),
        })?;
        self.writer.flush()?;
        Ok(TransferReport {
            rows,
            sha256,
            tables: self.reports,
        })
    }

    fn close_table(&mut self) {
        if let Some(OpenTable { name, rows, digest }) = self.table.take() {
            let sha256 = hex(&digest.finalize());
            self.reports.insert(name, TableReport { rows, sha256 });
        }
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.whole.update(&line);
        if let Some(table) = &mut self.table {
            table.digest.update(&line);
        }
        self.writer.write_all(&line)
    }
}

/// A row as a JSON array.
struct Cells<'a>(&'a [Value]);

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_seq(Some(self.0.len()))?;
        for cell in self.0 {
            match cell {
                Value::Null => row.serialize_element(&())?,
                Value::Integer(value) => row.serialize_element(value)?,
                Value::Real(value) => row.serialize_element(value)?,
                Value::Text(text) => row.serialize_element(text)?,
            }
        }
        row.end()
    }
}
