//! One connection together with what was learnt about the texts that ran on it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use dayloom_ports::limits::{QUERY_BYTES_MAX, QUERY_ROWS_MAX};
use dayloom_ports::{Row, StatementOutcome, Value};
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection};

use crate::budget::{Allowance, Budget, TICK_INSTRUCTIONS};
use crate::connection;
use crate::error::SqlError;
use crate::firewall::{CurrentSubject, Grants, Subject};

/// Texts remembered per component and connection. Texts are constants of the program, so past this somebody builds them
/// from data; then everything is forgotten rather than growing.
const TEXTS_CHECKED_MAX: usize = 1_024;

/// A connection behind the firewall.
pub(crate) struct Session {
    connection: Connection,
    subject: CurrentSubject,
    budget: Arc<Budget>,
    /// For each component, the texts it may run.
    checked: RefCell<Vec<HashMap<Box<str>, Arc<CheckedText>>>>,
}

/// What a text was found to be when it was first seen for its component.
struct CheckedText {
    /// For each of SQLite's parameter slots, the index in the caller's list: SQLite numbers `$2, $1` by appearance.
    slots: Box<[usize]>,
    /// A `SELECT`.
    readonly: bool,
}

/// Rows and bytes a call may still return.
pub(crate) struct ResultAllowance {
    rows_left: usize,
    bytes_left: usize,
}

impl Default for ResultAllowance {
    fn default() -> Self {
        Self {
            rows_left: QUERY_ROWS_MAX,
            bytes_left: QUERY_BYTES_MAX,
        }
    }
}

impl Session {
    pub(crate) fn new(mut connection: Connection, grants: &Arc<Grants>) -> rusqlite::Result<Self> {
        connection::narrow(&connection)?;
        let subject = CurrentSubject::default();
        connection.authorizer(Some(grants.clone().authorizer(subject.clone())))?;
        let budget = Arc::new(Budget::default());
        budget.set(Allowance::Unlimited);
        let spent = budget.clone();
        connection.progress_handler(TICK_INSTRUCTIONS, Some(move || spent.is_spent()))?;
        let checked = RefCell::new((0..grants.len()).map(|_| HashMap::new()).collect());
        Ok(Self {
            connection,
            subject,
            budget,
            checked,
        })
    }

    /// The connection for the host's own statements.
    pub(crate) fn as_host(&self) -> &Connection {
        self.act_as(Subject::Host, Allowance::Unlimited);
        &self.connection
    }

    /// The connection for a component's migration.
    pub(crate) fn as_migration(&self) -> &Connection {
        self.act_as(Subject::Migration, Allowance::Unlimited);
        &self.connection
    }

    fn act_as(&self, subject: Subject, allowance: Allowance) {
        self.subject.set(subject);
        self.budget.set(allowance);
    }

    /// Runs one `SELECT` of the component.
    pub(crate) fn query(
        &self,
        component: usize,
        sql: &str,
        params: &[Value],
        allowance: Allowance,
    ) -> Result<Vec<Row>, SqlError> {
        self.act_as(Subject::Component(component), allowance);
        let text = self.check(component, sql)?;
        if !text.readonly {
            return Err(SqlError::Invalid("a query may not write".to_owned()));
        }
        let mut statement = self.connection.prepare_cached(sql)?;
        bind(&mut statement, &text, params)?;
        collect(&mut statement, &mut ResultAllowance::default())
    }

    /// Runs one statement of the component inside the open transaction.
    pub(crate) fn execute(
        &self,
        component: usize,
        sql: &str,
        params: &[Value],
        allowance: Allowance,
        results: &mut ResultAllowance,
    ) -> Result<StatementOutcome, SqlError> {
        self.act_as(Subject::Component(component), allowance);
        let text = self.check(component, sql)?;
        let mut statement = self.connection.prepare_cached(sql)?;
        bind(&mut statement, &text, params)?;
        let rows = collect(&mut statement, results)?;
        // SQLite keeps the count of the last writing statement, so it says nothing after a SELECT.
        let changed = if text.readonly { 0 } else { self.connection.changes() };
        Ok(StatementOutcome { changed, rows })
    }

    /// What the text is, found out once per component.
    ///
    /// Prepared statements are shared by text between components; that is sound because nobody gets past this without
    /// having had the text compiled under its own grants.
    fn check(&self, component: usize, sql: &str) -> Result<Arc<CheckedText>, SqlError> {
        let texts = &mut self.checked.borrow_mut()[component];
        if let Some(text) = texts.get(sql) {
            return Ok(text.clone());
        }
        let text = Arc::new(examine(&self.connection, sql)?);
        if texts.len() >= TEXTS_CHECKED_MAX {
            texts.clear();
        }
        texts.insert(sql.into(), text.clone());
        Ok(text)
    }
}

fn examine(connection: &Connection, sql: &str) -> Result<CheckedText, SqlError> {
    let invalid = |reason: &str| Err(SqlError::Invalid(reason.to_owned()));
    // SQLite stops reading at a NUL, so what follows would go unseen.
    if sql.contains('\0') {
        return invalid("the text contains a NUL");
    }
    // `INSERT OR ROLLBACK` would end the transaction that many callers share. Values belong in parameters, so a text
    // that only mentions the word has no reason to.
    if contains_word(sql, "rollback") {
        return invalid("the text contains ROLLBACK");
    }
    // The statement is compiled by itself, not taken from the cache, so that the authorizer sees it for this component.
    let statement = connection.prepare(sql)?;
    if statement.column_count() == 0 && statement.readonly() {
        return invalid("the text contains no statement");
    }
    if statement.is_explain() != 0 {
        return invalid("EXPLAIN is not allowed");
    }
    let count = statement.parameter_count();
    let mut slots = Vec::with_capacity(count);
    for slot in 1..=count {
        let number = statement
            .parameter_name(slot)
            .and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        match number {
            Some(number) if (1..=count).contains(&number) && !slots.contains(&(number - 1)) => slots.push(number - 1),
            _ => return invalid("parameters are $1 to $n, without a gap"),
        }
    }
    Ok(CheckedText {
        slots: slots.into(),
        readonly: statement.readonly(),
    })
}

fn contains_word(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

fn bind(statement: &mut CachedStatement<'_>, text: &CheckedText, params: &[Value]) -> Result<(), SqlError> {
    if params.len() != text.slots.len() {
        let (given, wanted) = (params.len(), text.slots.len());
        return Err(SqlError::Invalid(format!(
            "{given} parameters given, {wanted} in the text"
        )));
    }
    for (slot, &index) in text.slots.iter().enumerate() {
        match &params[index] {
            Value::Null => statement.raw_bind_parameter(slot + 1, rusqlite::types::Null)?,
            Value::Integer(value) => statement.raw_bind_parameter(slot + 1, value)?,
            Value::Real(value) => statement.raw_bind_parameter(slot + 1, value)?,
            Value::Text(value) => statement.raw_bind_parameter(slot + 1, value.as_str())?,
        }
    }
    Ok(())
}

/// Runs the statement to its end and keeps its rows.
fn collect(statement: &mut CachedStatement<'_>, results: &mut ResultAllowance) -> Result<Vec<Row>, SqlError> {
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        results.take_row()?;
        let mut cells = Vec::with_capacity(columns);
        for column in 0..columns {
            cells.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Integer(value),
                ValueRef::Real(value) => Value::Real(value),
                ValueRef::Text(bytes) => {
                    let text = std::str::from_utf8(bytes)
                        .map_err(|_| SqlError::Invalid(format!("column {column} holds text that is not UTF-8")))?;
                    results.take_bytes(text.len())?;
                    Value::Text(text.to_owned())
                }
                ValueRef::Blob(_) => return Err(SqlError::Invalid(format!("column {column} holds a blob"))),
            });
        }
        results.take_bytes(columns * size_of::<i64>())?;
        found.push(cells);
    }
    Ok(found)
}

impl ResultAllowance {
    fn take_row(&mut self) -> Result<(), SqlError> {
        match self.rows_left.checked_sub(1) {
            Some(left) => self.rows_left = left,
            None => return Err(SqlError::TooLarge(format!("more than {QUERY_ROWS_MAX} rows"))),
        }
        Ok(())
    }

    fn take_bytes(&mut self, bytes: usize) -> Result<(), SqlError> {
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => self.bytes_left = left,
            None => return Err(SqlError::TooLarge(format!("more than {QUERY_BYTES_MAX} bytes of rows"))),
        }
        Ok(())
    }
}
