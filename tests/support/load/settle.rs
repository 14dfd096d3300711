use std::time::{Duration, Instant};

use super::reminders_overdue;
use crate::{Backlog, Tables};

/// So many of the events that are owed at first are delivered in a second at least. A short run has hardly more than its grace, a
/// long one that leaves much behind has longer.
const EVENTS_PER_SECOND_MIN: u64 = 100;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until every reminder that is due before `due_before_ms` (milliseconds since the Unix epoch) has fired, everything is
/// published, every consumer is through (`backlog`), and nothing moves any more. `grace` is what the deployment takes to recover
/// from the last fault, before it works off what is owed.
///
/// # Errors
/// What is still owed when the time is up.
pub async fn settle(
    tables: &impl Tables,
    due_before_ms: i64,
    grace: Duration,
    mut backlog: impl AsyncFnMut() -> Backlog,
) -> Result<(), String> {
    let begun = Instant::now();
    let mut patience = None;
    let mut before: Option<Backlog> = None;
    loop {
        // In this order: what a consumer wrote before it said that it is through is seen here, or is out.
        let overdue = reminders_overdue(tables, due_before_ms).await;
        let unpublished = tables.count("SELECT count(*) FROM host_outbox").await;
        let now = backlog().await;
        let owed = overdue + unpublished + now.owed;
        if owed == 0 && before.as_ref() == Some(&now) {
            return Ok(());
        }
        let patience =
            *patience.get_or_insert(grace + Duration::from_secs(owed.unsigned_abs() / EVENTS_PER_SECOND_MIN));
        if begun.elapsed() > patience {
            return Err(format!(
                "still moving after {patience:?}: {unpublished} events unpublished, {overdue} reminders overdue, consumers at {now:?}"
            ));
        }
        before = (owed == 0).then_some(now);
        tokio::time::sleep(PAUSE).await;
    }
}
