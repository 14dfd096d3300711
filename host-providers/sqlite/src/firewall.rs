//! What each caller may say in SQL, decided by SQLite itself while it compiles a statement: names are resolved, views
//! and triggers are opened, so there is no text to outwit.
//!
//! Everything that is not listed here is denied: PRAGMA, ATTACH, DDL, transactions and savepoints, the schema table,
//! `pragma_…` and other virtual tables, the host's own tables.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use dayloom_ports::{ComponentId, Grant};
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Tables of the host, which no component and no component's migration touches.
const HOST_PREFIX: &str = "host_";

/// Names that SQLite or the host may give a meaning at any time.
const RESERVED_PREFIXES: [&str; 3] = [HOST_PREFIX, "sqlite_", "pragma_"];

/// Table-valued functions that read nothing but their argument.
const TABLE_FUNCTIONS: [&str; 2] = ["json_each", "json_tree"];

/// Functions without side effects and without a way to allocate much from little. Sorted.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_each",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "total",
    "trim",
    "typeof",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
];

/// On whose behalf a connection compiles a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The provider's own statements.
    Host,
    /// A component's migration: any DDL, but neither the host's tables nor the surrounding transaction.
    Migration,
    /// A component, by its number in [`Grants`].
    Component(usize),
}

/// The subject a connection currently works for; shared with its authorizer.
///
/// It is set before every use and not only before the first compilation, because SQLite may compile a cached statement
/// again by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct CurrentSubject(Arc<AtomicUsize>);

impl CurrentSubject {
    pub(crate) fn set(&self, subject: Subject) {
        let number = match subject {
            Subject::Host => 0,
            Subject::Migration => 1,
            Subject::Component(number) => number + 2,
        };
        self.0.store(number, Relaxed);
    }

    fn get(&self) -> Subject {
        match self.0.load(Relaxed) {
            0 => Subject::Host,
            1 => Subject::Migration,
            number => Subject::Component(number - 2),
        }
    }
}

/// Every component that may use storage.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    numbers: HashMap<ComponentId, usize>,
    grants: Vec<Grant>,
    /// Every name a `FROM` can mean without the text defining it, in lower case. Until it is known, all are taken.
    names: OnceLock<HashSet<String>>,
}

impl Grants {
    pub(crate) fn new(grants: HashMap<ComponentId, Grant>) -> Self {
        let (numbers, grants) = grants
            .into_iter()
            .enumerate()
            .map(|(number, (component, grant))| ((component, number), grant))
            .unzip();
        Self {
            numbers,
            grants,
            names: OnceLock::new(),
        }
    }

    /// Reads the names of tables, views and virtual table modules, once the migrations are through.
    pub(crate) fn learn_names(&self, connection: &Connection) -> rusqlite::Result<()> {
        let names = connection
            .prepare("SELECT lower(name) FROM sqlite_schema UNION SELECT lower(name) FROM pragma_module_list")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        // A second call finds what the first one found: the schema does not change after the migrations.
        let _ = self.names.set(names);
        Ok(())
    }

    /// Whether the text itself has to have defined `name`.
    ///
    /// SQLite asks to read no column of a table of which no column is used, and asks the same of a common table
    /// expression, without saying which it is.
    fn is_defined_by_text(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let reserved = RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        !reserved && self.names.get().is_some_and(|names| !names.contains(&name))
    }

    /// The component's number and grant; none if it was granted nothing.
    pub(crate) fn of(&self, component: &ComponentId) -> Option<(usize, &Grant)> {
        self.numbers
            .get(component)
            .map(|&number| (number, &self.grants[number]))
    }

    pub(crate) fn len(&self) -> usize {
        self.grants.len()
    }

    /// The authorizer of one connection.
    pub(crate) fn authorizer(
        self: Arc<Self>,
        current: CurrentSubject,
    ) -> impl FnMut(AuthContext<'_>) -> Authorization + Send + 'static {
        move |context| {
            let allowed = match current.get() {
                Subject::Host => true,
                Subject::Migration => is_schema_work(context.action),
                Subject::Component(number) => {
                    let is_defined_by_text = |name: &str| self.is_defined_by_text(name);
                    self.grants
                        .get(number)
                        .is_some_and(|grant| allows(grant, &context, is_defined_by_text))
                }
            };
            if allowed {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }
    }
}

fn allows(grant: &Grant, context: &AuthContext<'_>, is_defined_by_text: impl Fn(&str) -> bool) -> bool {
    let in_main = matches!(context.database_name, None | Some("main"));
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read {
            table_name,
            column_name,
        } => {
            let granted = grant.tables.contains(table_name) || TABLE_FUNCTIONS.contains(&table_name);
            let unused = column_name.is_empty() && context.database_name.is_none();
            (in_main && granted) || (unused && is_defined_by_text(table_name))
        }
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => in_main && grant.tables.contains(table_name),
        AuthAction::Function { function_name } => FUNCTIONS.binary_search(&function_name).is_ok(),
        _ => false,
    }
}

fn is_schema_work(action: AuthAction<'_>) -> bool {
    let foreign = |name: &str| {
        name.get(..HOST_PREFIX.len())
            .is_some_and(|p| p.eq_ignore_ascii_case(HOST_PREFIX))
    };
    match action {
        AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. }
        | AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::Unknown { .. } => false,
        AuthAction::CreateTable { table_name }
        | AuthAction::DropTable { table_name }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::CreateIndex { table_name, .. }
        | AuthAction::DropIndex { table_name, .. }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::CreateVtable { table_name, .. }
        | AuthAction::Read { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => !foreign(table_name),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn functions_are_sorted_for_the_search() {
        assert!(FUNCTIONS.is_sorted());
    }
}
