use std::collections::{HashMap, HashSet};

use dayloom_ports::Grant;

use super::{Catalog, CheckedText, Firewall, Kind};
use crate::error::SqlError;

/// `things` and `parts` are granted, `secrets` and `watched` are there.
fn check(sql: &str) -> Result<std::sync::Arc<CheckedText>, SqlError> {
    let grant = Grant {
        tables: ["things", "parts", "watched"].map(str::to_owned).into(),
        publishes: vec![],
    };
    let firewall = Firewall::new(HashMap::from([("owner".into(), grant)]));
    firewall.learn(Catalog {
        relations: ["things", "parts", "secrets", "watched"].map(str::to_owned).into(),
        intercepted: HashSet::from(["watched".to_owned()]),
    });
    firewall.check(firewall.component(&"owner".into()).expect("it has a grant"), sql)
}

#[test]
fn plain_queries_and_changes_pass() {
    for (sql, kind, params, rows) in [
        ("SELECT 1;", Kind::Query, 0, true),
        (
            "SELECT id, count(*) FROM things GROUP BY id HAVING sum(n) > $1 ORDER BY id LIMIT $2",
            Kind::Query,
            2,
            true,
        ),
        (
            "SELECT id FROM things WHERE (a, id) < ($2, $1) AND note LIKE $3 ESCAPE '!'",
            Kind::Query,
            3,
            true,
        ),
        (
            "WITH x AS (SELECT id FROM things) SELECT id FROM x UNION ALL SELECT id FROM parts",
            Kind::Query,
            0,
            true,
        ),
        (
            "SELECT t.id FROM things t LEFT JOIN (SELECT id FROM parts) p ON p.id = t.id",
            Kind::Query,
            0,
            true,
        ),
        (
            "SELECT CAST(n AS BIGINT), sum(n) OVER (PARTITION BY id) FROM \"things\"",
            Kind::Query,
            0,
            true,
        ),
        ("INSERT INTO things (id) VALUES ($1), ($2)", Kind::Change, 2, false),
        (
            "INSERT INTO things (id) SELECT id FROM parts ON CONFLICT (id) DO UPDATE SET n = excluded.n",
            Kind::Change,
            0,
            false,
        ),
        (
            "UPDATE things SET n = CASE WHEN EXISTS (SELECT 1 FROM parts) THEN 1 ELSE n END RETURNING n",
            Kind::Change,
            0,
            true,
        ),
        (
            "UPDATE things SET n = p.n FROM parts p WHERE p.id = things.id",
            Kind::Change,
            0,
            false,
        ),
        (
            "WITH gone AS (SELECT id FROM things) DELETE FROM things WHERE id IN (SELECT id FROM gone)",
            Kind::Change,
            0,
            false,
        ),
    ] {
        let text = check(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(
            (text.kind, text.params, text.returns_rows),
            (kind, params, rows),
            "{sql}"
        );
    }
}

#[test]
fn literals_reach_the_server_as_they_were_written() {
    for sql in [
        "SELECT 'it''s'",
        r"SELECT 'a\b'",
        r#"SELECT id AS "a""b" FROM things"#,
        "SELECT ''",
    ] {
        assert_eq!(check(sql).expect("it is allowed").sql, sql);
    }
}

#[test]
fn only_plain_inserts_of_values_change_a_certain_number_of_rows() {
    for (sql, certain) in [
        ("INSERT INTO things (id) VALUES ($1), ($2)", Some(2)),
        ("INSERT INTO things (id) VALUES ($1) RETURNING id", Some(1)),
        ("INSERT INTO things (id) VALUES ($1) ON CONFLICT DO NOTHING", None),
        ("INSERT INTO things (id) SELECT id FROM parts", None),
        ("INSERT INTO watched (id) VALUES ($1)", None),
        ("DELETE FROM things", None),
    ] {
        assert_eq!(check(sql).expect("it is allowed").certain_changes, certain, "{sql}");
    }
}

#[test]
fn everything_else_is_refused() {
    for sql in [
        // Names from elsewhere.
        "SELECT * FROM secrets",
        "SELECT * FROM public.things",
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM pg_stat_activity",
        "SELECT * FROM \"Things\"",
        "SELECT * FROM ONLY secrets",
        "TABLE secrets",
        "WITH secrets AS (SELECT * FROM secrets) SELECT * FROM secrets",
        "WITH things AS (SELECT 1) SELECT * FROM things",
        "WITH pg_authid AS (SELECT 1) SELECT 1",
        "SELECT (WITH host_jobs AS (SELECT 1) SELECT 1), payload FROM host_jobs",
        "WITH x AS (SELECT 1) INSERT INTO x VALUES (1)",
        // Changes where a query belongs.
        "WITH x AS (DELETE FROM things RETURNING id) SELECT * FROM x",
        "WITH x AS (DELETE FROM secrets RETURNING id) DELETE FROM things",
        "WITH x AS (WITH y AS (SELECT 1) DELETE FROM secrets) SELECT 1",
        "SELECT * INTO copy FROM things",
        "SELECT * FROM things FOR UPDATE",
        "MERGE INTO things USING parts ON true WHEN MATCHED THEN DELETE",
        // Functions and what hides them.
        "SELECT pg_sleep(10)",
        "SELECT \"pg_sleep\"(10)",
        "SELECT pg_catalog.pg_sleep(10)",
        "SELECT * FROM generate_series(1, 1000000000)",
        "SELECT * FROM things, LATERAL pg_ls_dir('.')",
        "SELECT * FROM ROWS FROM (pg_ls_dir('.'))",
        "SELECT set_config('role', 'postgres', false)",
        "SELECT query_to_xml('SELECT * FROM secrets', true, true, '')",
        "SELECT repeat('x', 1000000000)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT nextval('x')",
        "SELECT now()",
        "SELECT CURRENT_TIMESTAMP",
        "SELECT id FROM things WHERE id OPERATOR(public.=) 'x'",
        "SELECT 'secrets'::regclass",
        "SELECT CAST('x' AS xml)",
        "SELECT regclass 'secrets'",
        "SELECT (things).id FROM things",
        "SELECT ARRAY(SELECT id FROM things)",
        "SELECT id FROM things TABLESAMPLE SYSTEM (10)",
        "SELECT id COLLATE \"de_DE\" FROM things",
        // Literals that are read differently by others, or written out differently.
        r"SELECT '\'' UNION SELECT word FROM secrets --'",
        r#"SELECT id AS "\"" FROM things; DELETE FROM secrets --""#,
        r#"SELECT id AS "\"" FROM secrets --" FROM things"#,
        "SELECT 'a''''b'",
        "SELECT E'\\x41'",
        "SELECT $$x$$",
        "SELECT U&'x'",
        "SELECT X'1F'",
        // Everything that is no query and no change.
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "COPY things TO PROGRAM 'sh'",
        "COPY things FROM STDIN",
        "SET ROLE postgres",
        "RESET ALL",
        "SHOW ALL",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "PREPARE x AS SELECT 1",
        "EXECUTE x",
        "DECLARE c CURSOR FOR SELECT 1",
        "LISTEN host_outbox",
        "NOTIFY host_outbox",
        "LOCK TABLE things",
        "TRUNCATE things",
        "CALL x()",
        "DO 'x'",
        "EXPLAIN ANALYZE DELETE FROM things",
        "VACUUM",
        "CREATE TABLE x (id TEXT)",
        "GRANT ALL ON things TO public",
        // Parameters.
        "SELECT ?",
        "SELECT $0",
        "SELECT $2",
        "SELECT $1, $3",
        "SELECT $x",
        // Statements around a granted table that are not just that.
        "DELETE FROM things USING secrets WHERE true",
        "UPDATE things SET n = s.n FROM secrets s",
        "INSERT INTO things SELECT * FROM secrets",
        "INSERT INTO things TABLE secrets",
        "INSERT INTO things (id) VALUES ('a') ON CONFLICT (id) DO UPDATE SET n = (SELECT 1 FROM secrets)",
        "DELETE FROM things RETURNING (SELECT word FROM secrets)",
    ] {
        let checked = check(sql);
        assert!(matches!(checked, Err(SqlError::Invalid(_))), "{sql}: {checked:?}");
    }
    let long = "x".repeat(64);
    assert!(check(&format!("WITH {long} AS (SELECT 1) SELECT * FROM {long}")).is_err());
    let nested = format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200));
    assert!(check(&nested).is_err());
    assert!(check(&format!("SELECT '{}'", "x".repeat(64 * 1024))).is_err());
}
