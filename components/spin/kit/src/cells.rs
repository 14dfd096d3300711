use crate::{Error, Row, Value};

/// Cells of one row of the host's own tables, taken from the left. Another type than expected is `Invalid`: the select list
/// is ours.
pub(crate) struct Cells(std::vec::IntoIter<Value>);

impl Cells {
    pub(crate) fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(text),
            other => Err(Error::Invalid(format!("expected text, found {other:?}"))),
        }
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Error> {
        match self.0.next() {
            Some(Value::Integer(integer)) => Ok(integer),
            other => Err(Error::Invalid(format!("expected an integer, found {other:?}"))),
        }
    }
}

/// The integers of rows with one cell.
pub(crate) fn integers(rows: Vec<Row>) -> Result<Vec<i64>, Error> {
    rows.into_iter().map(|row| Cells::of(row).integer()).collect()
}
