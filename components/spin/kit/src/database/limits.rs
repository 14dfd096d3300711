//! What a call may return.

use dayloom_ports::limits::{QUERY_BYTES_MAX, QUERY_ROWS_MAX};

use crate::{Error, Row, Value};

/// Rows and bytes that a call may still return.
#[derive(Debug)]
pub(super) struct Allowance {
    rows_left: usize,
    bytes_left: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            rows_left: QUERY_ROWS_MAX,
            bytes_left: QUERY_BYTES_MAX,
        }
    }
}

impl Allowance {
    /// Takes the rows from what is left.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(super) fn take(&mut self, rows: &[Row]) -> Result<(), Error> {
        let too_large = |what: String| Error::TooLarge(format!("more than {what}"));
        let bytes: usize = rows.iter().flatten().map(cell_bytes).sum();
        self.rows_left = self
            .rows_left
            .checked_sub(rows.len())
            .ok_or_else(|| too_large(format!("{QUERY_ROWS_MAX} rows")))?;
        self.bytes_left = self
            .bytes_left
            .checked_sub(bytes)
            .ok_or_else(|| too_large(format!("{QUERY_BYTES_MAX} bytes of rows")))?;
        Ok(())
    }
}

fn cell_bytes(cell: &Value) -> usize {
    size_of::<i64>()
        + match cell {
            Value::Text(text) => text.len(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, QUERY_BYTES_MAX, QUERY_ROWS_MAX};
    use crate::{Error, Row, Value};

    #[test]
    fn rows_are_counted_over_all_statements_of_a_call() {
        let rows: Vec<Row> = vec![vec![Value::Null]; QUERY_ROWS_MAX - 1];
        let mut allowance = Allowance::default();
        assert!(allowance.take(&rows).is_ok());
        assert!(allowance.take(&rows[..1]).is_ok());
        assert!(matches!(allowance.take(&rows[..1]), Err(Error::TooLarge(_))));
    }

    #[test]
    fn bytes_are_counted_too() {
        let half = vec![vec![Value::Text("x".repeat(QUERY_BYTES_MAX / 2 - 8))]];
        let mut allowance = Allowance::default();
        assert!(allowance.take(&half).is_ok() && allowance.take(&half).is_ok());
        assert!(matches!(allowance.take(&[vec![Value::Null]]), Err(Error::TooLarge(_))));
    }
}
