//! What each component may say in SQL.
//!
//! A text is parsed, and every part of its tree has to be of a kind that is listed here: one plain query or change, granted
//! tables, functions without side effects. What then runs is the tree written out again and not the text, so that a text
//! can not mean one thing to the parser and another to the server; and what is written out has to parse to the same tree.
//! Behind this stand the server's own limits: reading
//! connections are read-only, and every statement has its time.

mod expressions;
mod functions;
mod tree;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use dayloom_ports::{ComponentId, Grant, StorageError};

use crate::error::SqlError;

/// Bytes of one SQL text: ten times the longest statement a person would write.
const SQL_BYTES_MAX: usize = 64 * 1024;

/// Texts remembered per component. Texts are constants of the program, so past this somebody builds them from data; then
/// everything is forgotten rather than growing.
const TEXTS_CHECKED_MAX: usize = 1_024;

/// A text that was found to be allowed.
#[derive(Debug)]
pub(crate) struct CheckedText {
    /// What to send to the server.
    pub(crate) sql: String,
    /// Its parameters are `$1` to this.
    pub(crate) params: usize,
    /// What it does.
    pub(crate) kind: Kind,
    /// It may return rows.
    pub(crate) returns_rows: bool,
    /// It changes exactly so many rows or fails: an `INSERT` of values without `ON CONFLICT`.
    pub(crate) certain_changes: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Change,
}

/// Every component that may use storage, and the texts it was found to be allowed.
#[derive(Debug)]
pub(crate) struct Firewall {
    components: HashMap<ComponentId, Component>,
    /// What was there when the store opened.
    catalog: OnceLock<Catalog>,
}

/// Relations of the database, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Every name a `FROM` can mean without the text defining it.
    pub(crate) relations: HashSet<String>,
    /// Tables on which a trigger or a rule may make an `INSERT` do something else.
    pub(crate) intercepted: HashSet<String>,
}

#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) grant: Grant,
    checked: RwLock<HashMap<Box<str>, Arc<CheckedText>>>,
}

impl Firewall {
    pub(crate) fn new(grants: HashMap<ComponentId, Grant>) -> Self {
        let component = |grant| Component {
            grant,
            checked: RwLock::default(),
        };
        Self {
            components: grants.into_iter().map(|(id, grant)| (id, component(grant))).collect(),
            catalog: OnceLock::new(),
        }
    }

    /// Tells the names that are there once the migrations are through. Until then every name is taken.
    pub(crate) fn learn(&self, catalog: Catalog) {
        // A second call would tell the same: the schema does not change after the migrations.
        let _ = self.catalog.set(catalog);
    }

    /// The component's grant and texts.
    pub(crate) fn component(&self, component: &ComponentId) -> Result<&Component, StorageError> {
        self.components
            .get(component)
            .ok_or_else(|| StorageError::Invalid(format!("storage is not granted to `{component}`")))
    }

    /// Checks a text for a component, once.
    pub(crate) fn check(&self, component: &Component, sql: &str) -> Result<Arc<CheckedText>, SqlError> {
        let known = component.checked.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(sql) {
            return Ok(text.clone());
        }
        drop(known);
        if sql.len() > SQL_BYTES_MAX {
            return Err(SqlError::Invalid(format!("a text of more than {SQL_BYTES_MAX} bytes")));
        }
        // PostgreSQL stops reading at a NUL, so what follows would go unseen.
        if sql.contains('\0') {
            return Err(SqlError::Invalid("the text contains a NUL".to_owned()));
        }
        let text = Arc::new(tree::examine(sql, &component.grant, self.catalog.get()).map_err(SqlError::Invalid)?);
        let mut known = component.checked.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TEXTS_CHECKED_MAX {
            known.clear();
        }
        known.insert(sql.into(), text.clone());
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
