//! Bringing a PostgreSQL database up to date, in one statement: a block of code that the server runs whole or not at all.

use std::fmt::Write as _;

use dayloom_ports::backoff;
use dayloom_sql::migrations::{Migration, pending};

use super::connection::Connection;
use super::failure::Failure;
use crate::migrations::{COMPONENTS_OWNER, Part, fingerprint};
use crate::{Error, Value};

/// The function that commits, under a name to be replaced.
const COMMIT: &str = include_str!("../../../migrations/postgres/commit.sql");
const COMMIT_NAME: &str = "host_commit_fingerprint";

/// The same as the native provider's, so that both wait for each other: "dayloom" in ASCII.
const LOCK: i64 = 0x0064_6179_6c6f_6f6d;

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS host_migrations (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, name)
)";

/// Text columns of components are compared by their bytes, as in SQLite and by the native provider.
const COLLATE: &str = "FOR change IN SELECT format('ALTER TABLE %I %s', c.relname, string_agg(format( \
        'ALTER COLUMN %I TYPE %s COLLATE \"C\"', a.attname, format_type(a.atttypid, a.atttypmod)), ', ')) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND left(c.relname, 5) <> 'host_' \
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation = '\"default\"'::regcollation \
        AND (SELECT datcollate NOT IN ('C', 'POSIX') OR datlocprovider <> 'c' FROM pg_database \
             WHERE datname = current_database()) \
    GROUP BY c.relname LOOP EXECUTE change; END LOOP;";

/// Quotes the block of code. Nothing in a migration may look like its end.
const QUOTE: &str = "$dayloom_migrations$";

/// Attempts to find the database as it was read just before; each that fails means that another request went ahead.
const ATTEMPTS_MAX: u32 = 5;

/// The name of the function that commits to a database with all of `parts`.
pub(super) fn function(parts: &[Part]) -> String {
    format!("host_commit_{:016x}", fingerprint(parts, COMMIT))
}

/// Applies what is new, or finds that another request has.
pub(super) fn migrate(connection: &Connection, parts: &[Part]) -> Result<(), Error> {
    let mut failures = 0;
    loop {
        let applied = history(connection)?;
        match connection.execute(&block(parts, &applied)?) {
            Ok(()) => return Ok(()),
            Err(Failure::Again(_)) if failures < ATTEMPTS_MAX => failures += 1,
            // The deployment's matter and not the caller's, whatever it is.
            Err(failure) => return Err(Error::Unavailable(format!("migrations: {failure:?}"))),
        }
        std::thread::sleep(backoff::pause(failures));
    }
}

/// Owner, name and SHA-256 of each migration that was applied, in order.
type History = Vec<(String, String, String)>;

fn history(connection: &Connection) -> Result<History, Error> {
    let sql = "SELECT owner, name, sha256 FROM host_migrations ORDER BY name COLLATE \"C\"";
    let rows = match connection.select(sql, &[]) {
        // An empty database.
        Err(Failure::Missing(_)) => vec![],
        rows => rows.map_err(|failure| failure.into_error(0))?,
    };
    let entry = |row| match <[Value; 3]>::try_from(row) {
        Ok([Value::Text(owner), Value::Text(name), Value::Text(sha256)]) => Ok((owner, name, sha256)),
        _ => Err(Error::Unavailable("the history of migrations is not ours".to_owned())),
    };
    rows.into_iter().map(entry).collect()
}

/// What is to be done to a database with this history, if that is still its history.
fn block(parts: &[Part], applied: &History) -> Result<String, Error> {
    let mut code = format!("DO {QUOTE}\nDECLARE change TEXT;\nBEGIN\n");
    let known = applied.len();
    let _ = write!(
        code,
        "PERFORM pg_advisory_xact_lock({LOCK});\n{HISTORY};\n\
         IF (SELECT count(*) FROM host_migrations) <> {known} THEN\n\
         RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = 'another migration went ahead';\n\
         END IF;\n"
    );
    for Part { owner, migrations } in parts {
        let own = applied.iter().filter(|(of, _, _)| of == owner);
        let own: Vec<(String, String)> = own.map(|(_, name, sha256)| (name.clone(), sha256.clone())).collect();
        let pending = pending(&own, migrations).map_err(|error| Error::Unavailable(error.to_string()))?;
        for migration in pending {
            step(&mut code, owner, migration);
        }
    }
    // Last, so that whoever finds it finds everything else.
    let commit = COMMIT.replace(COMMIT_NAME, &function(parts));
    let _ = write!(code, "EXECUTE {};\nEND\n{QUOTE}", literal(&commit));
    if code.matches(QUOTE).count() > 2 {
        return Err(Error::Unavailable(format!("a migration has {QUOTE} in it")));
    }
    Ok(code)
}

fn step(code: &mut String, owner: &str, migration: &Migration) {
    let sql = migration.postgres.as_ref().unwrap_or(&migration.sql);
    let _ = writeln!(code, "EXECUTE {};", literal(sql));
    if owner == COMPONENTS_OWNER {
        let _ = writeln!(code, "{COLLATE}");
    }
    let (owner, name, sha256) = (literal(owner), literal(&migration.name), literal(&migration.sha256()));
    let note = format!("INSERT INTO host_migrations (owner, name, sha256) VALUES ({owner}, {name}, {sha256})");
    let _ = writeln!(code, "{note};");
}

/// A text as a literal that means the same whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use dayloom_sql::migrations::Migration;

    use super::{History, Part, QUOTE, block, function, literal};

    fn parts(texts: &[(&str, &str)]) -> Vec<Part> {
        let migrations = texts.iter().map(|(name, sql)| Migration::built_in(name, sql)).collect();
        vec![Part {
            owner: "components",
            migrations,
        }]
    }

    #[test]
    fn what_was_applied_is_not_applied_again() {
        let parts = parts(&[("0001_a.sql", "CREATE TABLE a ()"), ("0002_b.sql", "CREATE TABLE b ()")]);
        let first = &parts[0].migrations[0];
        let applied: History = vec![("components".to_owned(), first.name.clone(), first.sha256())];
        let code = block(&parts, &applied).expect("a block");
        assert!(!code.contains("CREATE TABLE a") && code.contains("CREATE TABLE b"));
        assert!(code.contains("<> 1 THEN") && code.contains(&function(&parts)));
        let changed: History = vec![("components".to_owned(), first.name.clone(), "other".to_owned())];
        assert!(block(&parts, &changed).is_err());
    }

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(literal("it's \\n"), "E'it''s \\\\n'");
        assert!(block(&parts(&[("0001_a.sql", QUOTE)]), &vec![]).is_err());
    }

    #[test]
    fn every_schema_has_a_function_of_its_own() {
        let one = function(&parts(&[("0001_a.sql", "a")]));
        assert_ne!(one, function(&parts(&[("0001_a.sql", "b")])));
        assert_eq!(one.len(), "host_commit_".len() + 16);
    }
}
