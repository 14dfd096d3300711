//! Timers as rows of the database.

use dayloom_spin_kit::{Database, Settings, Statement, Value};

/// A timer that has not come yet is given up by whoever holds it; one that may be running is not.
fn set(now: &str) -> String {
    format!(
        "INSERT INTO host_jobs AS j (component, name, at, payload, attempts) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (component, name) DO UPDATE SET at = excluded.at, payload = excluded.payload, \
         attempts = excluded.attempts, holder = CASE WHEN j.at <= {now} THEN j.holder END"
    )
}

/// Sets a timer, or sets it anew.
pub(super) fn schedule(settings: &Settings, name: &str, at: u64, payload: &str) -> Result<(), String> {
    let database = Database::open(settings).map_err(|error| error.to_string())?;
    let at = Value::Integer(i64::try_from(at).unwrap_or(i64::MAX));
    let params = vec![text(&settings.component), text(name), at, text(payload)];
    write(&database, set(database.dialect().now_ms()), params)
}

/// Removes a timer if it is there.
pub(super) fn cancel(settings: &Settings, name: &str) -> Result<(), String> {
    let database = Database::open(settings).map_err(|error| error.to_string())?;
    let sql = "DELETE FROM host_jobs WHERE component = $1 AND name = $2";
    write(&database, sql.to_owned(), vec![text(&settings.component), text(name)])
}

fn write(database: &Database, sql: String, params: Vec<Value>) -> Result<(), String> {
    let statement = Statement {
        sql,
        params,
        expected_changes: None,
    };
    database
        .commit(&[statement], &[])
        .map(drop)
        .map_err(|error| error.to_string())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
