//! What must be known of a statement's text before a database gets it: which verb it has, which parameters, and whether it
//! is one statement. No parser: the database has the last word on everything else.

mod token;

use std::borrow::Cow;

use crate::Error;
use token::{Kind, tokens};

/// How names begin that belong to the host or to the database, among them functions of PostgreSQL that reach further than
/// tables.
const RESERVED: [&str; 3] = ["host_", "pg_", "sqlite_"];

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `SELECT`, also behind `WITH`.
    Select,
    /// `INSERT`, `UPDATE` or `DELETE`, also behind `WITH`.
    Write,
}

/// One statement, taken apart at its parameters.
#[derive(Debug, PartialEq)]
pub(crate) struct Text<'a> {
    pub(crate) verb: Verb,
    /// Whether it is a `SELECT` or has `RETURNING`.
    pub(crate) returns_rows: bool,
    /// The highest `n` of any `$n`.
    params: usize,
    pieces: Vec<Piece<'a>>,
    names_reserved: bool,
}

#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Sql(&'a str),
    /// The `n` of `$n`.
    Param(usize),
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid(reason.into()))
}

impl<'a> Text<'a> {
    /// Takes a statement apart.
    ///
    /// # Errors
    /// `Invalid` for another verb, several statements, or what only one of the databases reads as this does.
    pub(crate) fn read(sql: &'a str) -> Result<Self, Error> {
        let mut search = VerbSearch::Begin;
        let (mut pieces, mut params, mut names_reserved, mut returning) = (vec![], 0, false, false);
        let (mut depth, mut written, mut end, mut is_after_open) = (0_usize, 0, sql.len(), false);
        let mut tokens = tokens(sql).into_iter().peekable();
        while let Some(token) = tokens.next() {
            let was_after_open = std::mem::replace(&mut is_after_open, token.kind == Kind::Open);
            match token.kind {
                Kind::Param(0) => return invalid("parameters begin with $1"),
                Kind::Param(number) => {
                    pieces.push(Piece::Sql(&sql[written..token.start]));
                    pieces.push(Piece::Param(number));
                    params = params.max(number);
                    written = token.end;
                }
                Kind::Word(word) => {
                    names_reserved |= is_reserved(word);
                    if was_after_open && is_write(word) {
                        return invalid("a statement within another one writes");
                    }
                    if depth == 0 {
                        search = search.step(word)?;
                        returning |= is(word, "returning");
                    }
                }
                Kind::QuotedName(name) => names_reserved |= is_reserved(name),
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::Semicolon if tokens.peek().is_some() => return invalid("more than one statement"),
                Kind::Semicolon => end = token.start,
                Kind::Foreign(what) => return invalid(format!("{what} is not in the common subset of the databases")),
                Kind::Other => {}
            }
        }
        pieces.push(Piece::Sql(&sql[written..end]));
        let VerbSearch::Found(verb) = search else {
            return invalid("no statement");
        };
        Ok(Self {
            verb,
            returns_rows: returning || verb == Verb::Select,
            params,
            pieces,
            names_reserved,
        })
    }

    /// Refuses another number of parameters than the text has.
    ///
    /// # Errors
    /// `Invalid`.
    pub(crate) fn check_params(&self, given: usize) -> Result<(), Error> {
        if given == self.params {
            return Ok(());
        }
        let wanted = self.params;
        invalid(format!("{given} parameters given, {wanted} in the text"))
    }

    /// The text with something in place of each `$n`.
    pub(crate) fn write(&self, mut param: impl FnMut(usize) -> Cow<'static, str>) -> String {
        self.pieces.iter().fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Sql(sql) => text.push_str(sql),
                Piece::Param(number) => text.push_str(&param(*number)),
            }
            text
        })
    }
}

/// Refuses a component's text that names a table of the host or of the database, or a function of the latter that reaches
/// further. Which of the application's tables it names is not looked at: the components share one role here.
///
/// # Errors
/// `Invalid`.
pub fn check_component_text(sql: &str) -> Result<(), Error> {
    if Text::read(sql)?.names_reserved {
        return invalid(format!("a name begins with one of {}", RESERVED.join(", ")));
    }
    Ok(())
}

/// The statements of a migration, without those that are nothing but comments.
pub(crate) fn split(sql: &str) -> Vec<&str> {
    let (mut statements, mut first) = (vec![], None);
    let mut last_end = 0;
    for token in tokens(sql) {
        if token.kind == Kind::Semicolon {
            statements.extend(first.take().map(|start| &sql[start..token.start]));
        } else {
            first.get_or_insert(token.start);
        }
        last_end = token.end;
    }
    statements.extend(first.map(|start| &sql[start..last_end]));
    statements
}

/// On the way to a statement's verb, which comes first or after `WITH` and its names.
enum VerbSearch {
    Begin,
    AfterWith,
    Found(Verb),
}

impl VerbSearch {
    /// The next word that is in no brackets.
    fn step(self, word: &str) -> Result<Self, Error> {
        match self {
            Self::Found(Verb::Select) if is(word, "into") => invalid("SELECT INTO makes a table"),
            Self::Begin | Self::AfterWith if is(word, "select") => Ok(Self::Found(Verb::Select)),
            Self::Begin | Self::AfterWith if is_write(word) => Ok(Self::Found(Verb::Write)),
            Self::Begin if is(word, "with") => Ok(Self::AfterWith),
            Self::Begin => invalid(format!("`{word}` is no SELECT, INSERT, UPDATE or DELETE")),
            going_on => Ok(going_on),
        }
    }
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn is_write(word: &str) -> bool {
    ["insert", "update", "delete"].iter().any(|verb| is(word, verb))
}

fn is_reserved(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|prefix| name.get(..prefix.len()).is_some_and(|start| is(start, prefix)))
}

#[cfg(test)]
mod tests {
    use super::{Text, Verb, check_component_text, split};

    fn rewritten(sql: &str) -> String {
        Text::read(sql).expect(sql).write(|number| format!("<{number}>").into())
    }

    #[test]
    fn parameters_are_found_and_nothing_that_looks_like_one() {
        for (sql, expected) in [
            (
                "SELECT a FROM t WHERE b = $2 AND c = $1",
                "SELECT a FROM t WHERE b = <2> AND c = <1>",
            ),
            ("SELECT '$1', \"$2\", $3 -- $4", "SELECT '$1', \"$2\", <3> -- $4"),
            ("SELECT 'it''s $1' /* $2 */, $10;", "SELECT 'it''s $1' /* $2 */, <10>"),
            ("SELECT $1::text || 'é$2'", "SELECT <1>::text || 'é$2'"),
        ] {
            assert_eq!(rewritten(sql), expected);
        }
        let text = Text::read("SELECT $3, $1").expect("a statement");
        assert!(text.check_params(3).is_ok());
        assert!(text.check_params(2).is_err());
    }

    #[test]
    fn the_verb_is_the_statements_own() {
        for (sql, verb, returns_rows) in [
            ("SELECT 1", Verb::Select, true),
            ("with x as (select 1) select * from x", Verb::Select, true),
            ("WITH x (\"delete\") AS (SELECT 1) DELETE FROM t", Verb::Write, false),
            ("INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING", Verb::Write, false),
            ("update t set a = (select 1) returning a", Verb::Write, true),
            ("-- why\nDELETE FROM t", Verb::Write, false),
            ("SELECT a FROM t FOR UPDATE", Verb::Select, true),
        ] {
            let text = Text::read(sql).expect(sql);
            assert_eq!((text.verb, text.returns_rows), (verb, returns_rows), "{sql}");
        }
    }

    #[test]
    fn nothing_but_one_statement_of_the_four_kinds_is_taken() {
        for sql in [
            "",
            "-- nothing",
            "SELECT 1; SELECT 2",
            "DROP TABLE t",
            "PRAGMA user_version",
            "BEGIN",
            "WITH x AS (SELECT 1)",
            "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x",
            "SELECT 1 INTO t",
            "SELECT ?1",
            "SELECT :a",
            "SELECT @a",
            "SELECT $$text$$",
            "SELECT $tag$text$tag$",
            "SELECT E'\\''",
            "SELECT `a`",
            "SELECT [a]",
            "SELECT 'open",
            "SELECT /* open",
            "SELECT /* /* */ 1",
            "SELECT $0",
        ] {
            assert!(Text::read(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn a_component_names_no_table_of_the_host() {
        for sql in [
            "SELECT body FROM host_outbox",
            "SELECT body FROM \"HOST_outbox\"",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT name FROM sqlite_master",
        ] {
            assert!(check_component_text(sql).is_err(), "{sql}");
        }
        assert!(check_component_text("SELECT 'host_x' FROM hosts").is_ok());
    }

    #[test]
    fn a_migration_is_split_at_its_semicolons() {
        let sql = "-- first; not\nCREATE TABLE a (b TEXT DEFAULT ';');\n\n-- last\nINSERT INTO a VALUES ('x''; y')";
        assert_eq!(
            split(sql),
            ["CREATE TABLE a (b TEXT DEFAULT ';')", "INSERT INTO a VALUES ('x''; y')"]
        );
        assert!(split("-- nothing\n").is_empty());
    }
}
