use std::time::{Duration, Instant};

use super::reminders_overdue;
use crate::{Backlog, Tables};

/// What is owed becomes less within this, until it is nothing: the retries of an outage are up to 15 s apart, what a dead process
/// holds is free after 30 s, and the sweep comes once a minute. In all it may take as long as it is much.
const LESS_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until every reminder that is due before `due_before_ms` (milliseconds since the Unix epoch) has fired, everything is
/// published, every consumer is through (`backlog`), and nothing moves any more.
///
/// # Errors
/// What is owed, when that does not become less.
pub async fn settle(
    tables: &impl Tables,
    due_before_ms: i64,
    mut backlog: impl AsyncFnMut() -> Backlog,
) -> Result<(), String> {
    let mut before: Option<Backlog> = None;
    let (mut least, mut since) = (i64::MAX, Instant::now());
    loop {
        // In this order: what a consumer wrote before it said that it is through is seen here, or is out.
        let overdue = reminders_overdue(tables, due_before_ms).await;
        let unpublished = tables.count("SELECT count(*) FROM host_outbox").await;
        let now = backlog().await;
        let owed = overdue + unpublished + now.owed;
        if owed == 0 && before.as_ref() == Some(&now) {
            return Ok(());
        }
        if owed < least {
            (least, since) = (owed, Instant::now());
        } else if since.elapsed() > LESS_WITHIN {
            return Err(format!(
                "still moving: {unpublished} events unpublished, {overdue} reminders overdue, consumers at {now:?}"
            ));
        }
        before = (owed == 0).then_some(now);
        tokio::time::sleep(PAUSE).await;
    }
}
