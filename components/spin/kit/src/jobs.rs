//! One-shot timers in the database, where no sidecar keeps them.

use crate::cells::Cells;
use crate::outbox::statement;
use crate::{Database, Error, Value};

/// A timer whose time has come.
#[derive(Debug, Clone, PartialEq)]
pub struct DueJob {
    /// Its name.
    pub name: String,
    /// When it was due, in milliseconds since the Unix epoch.
    pub at: i64,
    /// JSON text.
    pub payload: String,
    /// Attempts that failed so far.
    pub failures: u32,
}

/// Timers of the component that are due by the database's clock, earliest first. To be asked under the component's
/// [`TimersLease`](crate::TimersLease).
///
/// # Errors
/// The database can not be asked.
pub fn due(database: &Database, component: &str, jobs_max: usize) -> Result<Vec<DueJob>, Error> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "SELECT name, at, payload, attempts FROM host_jobs WHERE component = $1 AND at <= {now} ORDER BY at LIMIT {jobs_max}"
    );
    let rows = database.query(&sql, &[Value::Text(component.to_owned())])?;
    let job = |row| {
        let mut cells = Cells::of(row);
        Ok(DueJob {
            name: cells.text()?,
            at: cells.integer()?,
            payload: cells.text()?,
            failures: u32::try_from(cells.integer()?).unwrap_or(u32::MAX),
        })
    };
    rows.into_iter().map(job).collect()
}

/// Removes a timer that ran, unless it was set anew meanwhile.
///
/// # Errors
/// The database can not be asked; the timer then runs again.
pub fn finish(database: &Database, component: &str, ran: &DueJob) -> Result<(), Error> {
    let sql = "DELETE FROM host_jobs WHERE component = $1 AND name = $2 AND at = $3 AND payload = $4";
    database
        .commit(&[statement(sql.to_owned(), of(component, ran))], &[])
        .map(drop)
}

/// Puts a timer off and counts an attempt, before that is made: a run that takes its instance with it has been counted, and
/// does not keep the others from running. None if the timer was set anew meanwhile.
///
/// # Errors
/// The database can not be asked; the timer is then as it was.
pub fn begin(database: &Database, component: &str, due: &DueJob, again_after_ms: i64) -> Result<Option<DueJob>, Error> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "UPDATE host_jobs SET at = {now} + {again_after_ms}, attempts = attempts + 1, holder = NULL, held_until = NULL \
         WHERE component = $1 AND name = $2 AND at = $3 AND payload = $4 RETURNING at"
    );
    let begun = database.commit(&[statement(sql, of(component, due))], &[])?;
    let at = crate::cells::integers(begun.into_iter().flat_map(|outcome| outcome.rows).collect())?;
    Ok(at.first().map(|&at| DueJob {
        at,
        failures: due.failures.saturating_add(1),
        ..due.clone()
    }))
}

fn of(component: &str, job: &DueJob) -> Vec<Value> {
    vec![
        Value::Text(component.to_owned()),
        Value::Text(job.name.clone()),
        Value::Integer(job.at),
        Value::Text(job.payload.clone()),
    ]
}
