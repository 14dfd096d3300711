//! The latest tick of each schedule, so that instances that share a database tick once between them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cells::Cells;
use crate::outbox::statement;
use crate::{Database, Error, Value};

/// Milliseconds that a claimed tick may be ahead of the database's clock before it counts as a mistake of some clock, which
/// must not silence a schedule.
const AHEAD_MS_MAX: i64 = 60_000;

/// A tick that has come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DueTick {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// The schedules of `every_seconds` that have not ticked since their latest multiple of the period. Ticks that were missed
/// are not made up.
///
/// # Errors
/// The database can not be asked.
pub fn due(database: &Database, component: &str, every_seconds: &BTreeMap<String, u32>) -> Result<Vec<DueTick>, Error> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "SELECT '' AS schedule, {now} AS at UNION ALL SELECT schedule, at FROM host_ticks WHERE component = $1"
    );
    let mut latest = BTreeMap::new();
    for row in database.query(&sql, &[Value::Text(component.to_owned())])? {
        let mut cells = Cells::of(row);
        latest.insert(cells.text()?, cells.integer()?);
    }
    let now = latest.remove("").unwrap_or_else(crate::now_ms);
    Ok(due_at(now, &latest, every_seconds))
}

fn due_at(now: i64, latest: &BTreeMap<String, i64>, every_seconds: &BTreeMap<String, u32>) -> Vec<DueTick> {
    let boundaries = every_seconds
        .iter()
        .filter(|(_, seconds)| **seconds > 0)
        .map(|(schedule, seconds)| DueTick {
            schedule: schedule.clone(),
            at: now - now.rem_euclid(i64::from(*seconds) * 1_000),
        });
    let is_new = |tick: &DueTick| {
        let claimed = latest.get(&tick.schedule);
        claimed.is_none_or(|&claimed| claimed < tick.at || claimed > now + AHEAD_MS_MAX)
    };
    boundaries.filter(is_new).collect()
}

/// Makes the tick this instance's, unless another one has it. A process that dies after this has used the tick up: the next
/// one is its retry.
///
/// # Errors
/// The database can not be asked.
pub fn claim(database: &Database, component: &str, tick: &DueTick) -> Result<bool, Error> {
    let now = database.dialect().now_ms();
    let sql = format!(
        "INSERT INTO host_ticks AS t (component, schedule, at) VALUES ($1, $2, $3) \
         ON CONFLICT (component, schedule) DO UPDATE SET at = excluded.at \
         WHERE t.at < excluded.at OR t.at > {now} + {AHEAD_MS_MAX} RETURNING at"
    );
    let params = vec![
        Value::Text(component.to_owned()),
        Value::Text(tick.schedule.clone()),
        Value::Integer(tick.at),
    ];
    let claimed = database.commit(&[statement(sql, params)], &[])?;
    Ok(claimed.first().is_some_and(|outcome| !outcome.rows.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{AHEAD_MS_MAX, due_at};

    fn due(now: i64, latest: Option<i64>) -> Vec<i64> {
        let latest = latest.map(|at| ("sweep".to_owned(), at)).into_iter().collect();
        let every: BTreeMap<String, u32> = [("sweep".to_owned(), 60)].into();
        due_at(now, &latest, &every).into_iter().map(|tick| tick.at).collect()
    }

    #[test]
    fn a_schedule_ticks_once_a_period() {
        assert_eq!(due(125_000, None), [120_000]);
        assert_eq!(due(125_000, Some(60_000)), [120_000]);
        assert_eq!(due(125_000, Some(0)), [120_000], "one, however many were missed");
        assert_eq!(due(125_000, Some(120_000)), [0; 0]);
    }

    #[test]
    fn a_clock_that_was_wrong_does_not_silence_it() {
        assert_eq!(due(125_000, Some(125_000 + AHEAD_MS_MAX)), [0; 0]);
        assert_eq!(due(125_000, Some(125_001 + AHEAD_MS_MAX)), [120_000]);
    }

    #[test]
    fn a_period_of_nothing_is_no_schedule() {
        let every: BTreeMap<String, u32> = [("never".to_owned(), 0)].into();
        assert!(due_at(1, &BTreeMap::new(), &every).is_empty());
    }
}
