//! Statements, one a line, run in order on one connection; the answer has one line for each.

use super::bindings::{
    fermyon::spin::redis,
    spin::{postgres::postgres, sqlite::sqlite},
};

/// The line that traps instead of running: what went before has happened, and nothing is tidied up.
const TRAP: &str = "TRAP";

pub(crate) fn sqlite(statements: &str) -> String {
    let connection = match sqlite::Connection::open("default") {
        Ok(connection) => connection,
        Err(error) => return format!("{error:?}"),
    };
    each(statements, |statement| match connection.execute(statement, &[]) {
        Ok(result) => format!("{:?}", result.rows.iter().map(|row| &row.values).collect::<Vec<_>>()),
        Err(error) => format!("{error:?}"),
    })
}

pub(crate) fn postgres(address: &str, statements: &str) -> String {
    let connection = match postgres::Connection::open(address) {
        Ok(connection) => connection,
        Err(error) => return format!("{error:?}"),
    };
    each(statements, |statement| {
        if statement.starts_with("SELECT") {
            format!("{:?}", connection.query(statement, &[]).map(|found| found.rows))
        } else {
            format!("{:?}", connection.execute(statement, &[]))
        }
    })
}

pub(crate) fn redis(address: &str, commands: &str) -> String {
    let connection = match redis::Connection::open(address) {
        Ok(connection) => connection,
        Err(error) => return format!("{error:?}"),
    };
    each(commands, |command| {
        let mut words = command.split(' ');
        let name = words.next().unwrap_or_default();
        let arguments: Vec<_> = words
            .map(|word| redis::RedisParameter::Binary(word.as_bytes().to_vec()))
            .collect();
        match connection.execute(name, &arguments) {
            Ok(results) => results.iter().map(text).collect::<Vec<_>>().join(","),
            Err(error) => format!("{error:?}"),
        }
    })
}

fn text(result: &redis::RedisResult) -> String {
    match result {
        redis::RedisResult::Nil => "nil".to_owned(),
        redis::RedisResult::Status(text) => text.clone(),
        redis::RedisResult::Int64(number) => number.to_string(),
        redis::RedisResult::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn each(lines: &str, run: impl Fn(&str) -> String) -> String {
    let run = |line: &str| {
        assert_ne!(line, TRAP);
        run(line)
    };
    lines.lines().map(run).collect::<Vec<_>>().join("\n")
}
