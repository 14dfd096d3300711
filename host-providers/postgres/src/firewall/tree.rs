//! One text: parsed, judged part by part, written out again.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use dayloom_ports::Grant;
use sqlparser::ast::{
    Delete, Expr, FromTable, Insert, ObjectName, OnInsert, Query, Select, SetExpr, Statement, TableFactor, TableObject,
    Update, ValueWithSpan, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::expressions::{self, folded, plain_name};
use super::{Catalog, CheckedText, Kind};

/// How deep a text may nest: far deeper than anybody reads, and shallow enough for the stack of a worker.
const DEPTH_MAX: usize = 40;

/// Bytes of a name that the server tells apart: it cuts off the rest, so two names could become one.
const NAME_BYTES_MAX: usize = 63;

/// What a text is, if `grant` allows all of it.
pub(super) fn examine(sql: &str, grant: &Grant, catalog: Option<&Catalog>) -> Result<CheckedText, String> {
    let statements = parse(sql)?;
    let [statement] = statements.as_slice() else {
        return Err(format!("{} statements in one text", statements.len()));
    };
    let mut walk = Walk {
        grant,
        catalog,
        ctes: HashSet::new(),
        params: BTreeSet::new(),
        statements_left: 0,
    };
    let change = walk.top(statement)?;
    if let ControlFlow::Break(reason) = statement.visit(&mut walk) {
        return Err(reason);
    }
    let written = statement.to_string();
    // The printer takes a quote behind a backslash, or two of them, for escaped: what follows would become SQL.
    if parse(&written).ok().as_deref() != Some(statements.as_slice()) {
        return Err("a literal or a name with such quotes is not allowed; give it as a parameter".to_owned());
    }
    let params = walk.params.len();
    if walk.params.last().is_some_and(|last| *last != params) {
        return Err("parameters are $1 to $n, without a gap".to_owned());
    }
    let returning = match change {
        Some(Statement::Insert(insert)) => insert.returning.is_some(),
        Some(Statement::Update(update)) => update.returning.is_some(),
        Some(Statement::Delete(delete)) => delete.returning.is_some(),
        _ => true,
    };
    Ok(CheckedText {
        sql: written,
        params,
        kind: if change.is_some() { Kind::Change } else { Kind::Query },
        returns_rows: returning,
        certain_changes: match change {
            Some(Statement::Insert(insert)) => certain_changes(insert, catalog),
            _ => None,
        },
    })
}

fn parse(sql: &str) -> Result<Vec<Statement>, String> {
    Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(DEPTH_MAX)
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| error.to_string())
}

/// Rows that an `INSERT` adds whenever it succeeds; none if that depends on what is there.
fn certain_changes(insert: &Insert, catalog: Option<&Catalog>) -> Option<u64> {
    let TableObject::TableName(name) = &insert.table else {
        return None;
    };
    let intercepted = &catalog?.intercepted;
    match insert.source.as_ref()?.body.as_ref() {
        SetExpr::Values(values) if insert.on.is_none() && !intercepted.contains(&plain_name(name)?) => {
            u64::try_from(values.rows.len()).ok()
        }
        _ => None,
    }
}

/// Goes through a statement and collects what has to hold for the whole of it.
struct Walk<'a> {
    grant: &'a Grant,
    catalog: Option<&'a Catalog>,
    /// Names that the text itself defines with `WITH`, anywhere.
    ctes: HashSet<String>,
    params: BTreeSet<usize>,
    /// Statements that `top` has judged and the walk has not yet met.
    statements_left: usize,
}

impl Walk<'_> {
    /// Judges the statement itself; returns it if it changes rows. `WITH … DELETE` is a query around a change.
    fn top<'s>(&mut self, statement: &'s Statement) -> Result<Option<&'s Statement>, String> {
        self.statements_left = 1;
        let change = match statement {
            Statement::Query(query) => match query.body.as_ref() {
                SetExpr::Insert(change) | SetExpr::Update(change) | SetExpr::Delete(change) => {
                    self.statements_left = 2;
                    change
                }
                _ => return Ok(None),
            },
            change => change,
        };
        match change {
            Statement::Insert(insert) => self.insert(insert)?,
            Statement::Update(update) => self.update(update)?,
            Statement::Delete(delete) => self.delete(delete)?,
            _ => return Err("only SELECT, INSERT, UPDATE and DELETE are allowed".to_owned()),
        }
        Ok(Some(change))
    }

    fn insert(&self, insert: &Insert) -> Result<(), String> {
        let Insert {
            table,
            on,
            or,
            replace_into,
            ..
        } = insert;
        let TableObject::TableName(name) = table else {
            return Err("INSERT into something that is no table".to_owned());
        };
        self.granted(name)?;
        if or.is_some() || *replace_into || matches!(on, Some(OnInsert::DuplicateKeyUpdate(_))) {
            return Err("ON CONFLICT is the only way to meet a conflict".to_owned());
        }
        Ok(())
    }

    fn update(&self, update: &Update) -> Result<(), String> {
        match &update.table.relation {
            TableFactor::Table { name, .. } if update.table.joins.is_empty() => self.granted(name),
            _ => Err("UPDATE of something that is no table".to_owned()),
        }
    }

    fn delete(&self, delete: &Delete) -> Result<(), String> {
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        match from.as_slice() {
            [table] if delete.tables.is_empty() && table.joins.is_empty() => match &table.relation {
                TableFactor::Table { name, .. } => self.granted(name),
                _ => Err("DELETE from something that is no table".to_owned()),
            },
            _ => Err("DELETE from more than one table".to_owned()),
        }
    }

    /// What is written to has to be granted, whatever the text defines by that name.
    fn granted(&self, name: &ObjectName) -> Result<(), String> {
        match plain_name(name) {
            Some(name) if self.grant.tables.contains(&name) => Ok(()),
            _ => Err(format!("the table `{name}` is not granted")),
        }
    }

    /// A name that a text defines must not be one that the server could find elsewhere: then it does not matter where in
    /// the text the definition holds.
    fn define(&mut self, name: String) -> Result<(), String> {
        if name.len() > NAME_BYTES_MAX {
            return Err(format!("a name of more than {NAME_BYTES_MAX} bytes"));
        }
        let reserved = ["host_", "pg_"].iter().any(|prefix| name.starts_with(prefix));
        let is_taken = self.catalog.is_none_or(|catalog| catalog.relations.contains(&name));
        if reserved || is_taken || self.grant.tables.contains(&name) {
            return Err(format!("WITH `{name}` hides a table"));
        }
        self.ctes.insert(name);
        Ok(())
    }

    fn query(&mut self, query: &Query) -> Result<(), String> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.define(folded(&cte.alias.name))?;
        }
        if !query.locks.is_empty() || query.fetch.is_some() || !query.pipe_operators.is_empty() {
            return Err("FOR UPDATE, FETCH and pipes are not allowed".to_owned());
        }
        body(&query.body)
    }

    fn relation(&self, name: &ObjectName) -> Result<(), String> {
        let Some(name) = plain_name(name) else {
            return Err(format!("`{name}` names a schema"));
        };
        if self.grant.tables.contains(&name) || self.ctes.contains(&name) {
            return Ok(());
        }
        Err(format!("the table `{name}` is not granted"))
    }

    fn parameter(&mut self, placeholder: &str) -> Result<(), String> {
        match placeholder.strip_prefix('$').and_then(|number| number.parse().ok()) {
            Some(number) if number > 0 => {
                self.params.insert(number);
                Ok(())
            }
            _ => Err("parameters are $1 to $n".to_owned()),
        }
    }
}

/// The kinds of row sources a query may be made of.
fn body(set: &SetExpr) -> Result<(), String> {
    match set {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
        // The walk counts these: only the outermost one is allowed, which `top` has judged.
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) => Ok(()),
        SetExpr::SetOperation { left, right, .. } => body(left).and_then(|()| body(right)),
        SetExpr::Merge(_) | SetExpr::Table(_) => Err("MERGE and TABLE are not allowed".to_owned()),
    }
}

fn table_factor(factor: &TableFactor) -> Result<(), String> {
    match factor {
        TableFactor::Table {
            args: None,
            version: None,
            json_path: None,
            sample: None,
            with_ordinality: false,
            ..
        }
        | TableFactor::Derived { sample: None, .. }
        | TableFactor::NestedJoin { .. } => Ok(()),
        other => Err(format!("`{other}` is no table")),
    }
}

fn or_break(judged: Result<(), String>) -> ControlFlow<String> {
    match judged {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => ControlFlow::Break(reason),
    }
}

impl Visitor for Walk<'_> {
    type Break = String;

    fn pre_visit_statement(&mut self, _: &Statement) -> ControlFlow<String> {
        match self.statements_left.checked_sub(1) {
            Some(left) => {
                self.statements_left = left;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break("a change inside a query".to_owned()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        or_break(self.query(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        or_break(match &select.into {
            Some(_) => Err("SELECT INTO makes a table".to_owned()),
            None => Ok(()),
        })
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        or_break(self.relation(relation))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        or_break(table_factor(factor))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        or_break(expressions::judge(expr))
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<String> {
        or_break(
            expressions::judge_value(&value.value).and_then(|()| match &value.value {
                sqlparser::ast::Value::Placeholder(placeholder) => self.parameter(placeholder),
                _ => Ok(()),
            }),
        )
    }
}
