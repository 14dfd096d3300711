//! Delivering to the components of the same application, where no broker is.

use std::time::{Duration, Instant};

use dayloom_spin_kit::deliveries::{self, Batch, Delivery, Verdict};
use dayloom_spin_kit::{Application, ApplicationError, Database, Error, Subscription, WORK_MS_MAX};
use futures::future::join_all;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Limited};
use serde_json::value::RawValue;
use wstd::future::FutureExt;
use wstd::http::{Body, Client};

use super::schedule::{Reply, together, verdicts};
use crate::answer::{Many, Single, Status};
use crate::cloud_event::is_wanted;
use crate::envelope::{Bulk, BulkEntry, CLOUD_EVENT, Metadata};

/// Bytes of a subscriber's answer at most: a reason of 1 KiB for each of the most events there are in a batch.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Hands out and delivers until nothing more is due and free.
pub(super) fn pass(database: &Database, until: Instant) -> Result<(), Error> {
    let application = Application::read().map_err(unreadable)?;
    let services = application.services.values();
    let subscriptions: Vec<Subscription> = services.flat_map(|service| service.subscriptions.clone()).collect();
    let mut subscribers: Vec<&str> = subscriptions
        .iter()
        .map(|subscription| &*subscription.component)
        .collect();
    subscribers.dedup();

    let batches = deliveries::claim(database, &subscriptions, &subscribers)?;
    if batches.is_empty() {
        return Ok(());
    }
    let relay = Relay {
        database,
        subscriptions: &subscriptions,
        until,
    };
    let delivered = batches.into_iter().map(|batch| relay.deliver(batch));
    wstd::runtime::block_on(async { join_all(delivered).await })
        .into_iter()
        .collect()
}

fn unreadable(error: ApplicationError) -> Error {
    Error::Unavailable(error.to_string())
}

/// One pass. It delivers to all subscribers at once, each at its own pace.
struct Relay<'a> {
    database: &'a Database,
    subscriptions: &'a [Subscription],
    until: Instant,
}

impl Relay<'_> {
    /// Delivers to one subscriber until nothing more is due.
    async fn deliver(&self, mut batch: Batch) -> Result<(), Error> {
        loop {
            let rows = &batch.rows[..together(batch.rows.iter().map(|row| row.failures))];
            let replies = match rows {
                [] => vec![],
                rows => ask(&batch.subscriber, rows).await,
            };
            let verdicts = verdicts(&batch.rows, replies, |row| self.attempts_max(&batch.subscriber, row));
            for (row, verdict) in batch.rows.iter().zip(&verdicts) {
                if let Verdict::Dead { reason } = verdict {
                    let (subscriber, topic) = (&batch.subscriber, &row.topic);
                    eprintln!("an event of topic {topic} is a dead letter of {subscriber}: {reason}");
                }
            }
            // Until here a crash delivers the batch again.
            deliveries::settle(self.database, &batch, &verdicts)?;
            if batch.rows.is_empty() || Instant::now() >= self.until {
                return Ok(());
            }
            // Once more, for what was committed by those who found this subscriber taken.
            let next = deliveries::claim(self.database, self.subscriptions, &[&batch.subscriber])?;
            let Some(next) = next.into_iter().next() else {
                return Ok(());
            };
            batch = next;
        }
    }

    /// Of the subscriptions that want the event. If there is none any more, one attempt is enough.
    fn attempts_max(&self, subscriber: &str, row: &Delivery) -> u32 {
        let own = self
            .subscriptions
            .iter()
            .filter(|subscription| *subscription.component == *subscriber);
        let wanting = own.filter(|subscription| is_wanted(subscription, &row.topic, &row.event_type));
        wanting.map(|subscription| subscription.attempts_max).max().unwrap_or(1)
    }
}

/// One reply for each row, in order.
async fn ask(subscriber: &str, rows: &[Delivery]) -> Vec<Reply> {
    let within = wstd::time::Duration::from(Duration::from_millis(WORK_MS_MAX));
    let replies = match post(subscriber, rows).timeout(within).await {
        Ok(replies) => replies,
        Err(_) => Err("it did not answer in time".to_owned()),
    };
    replies.unwrap_or_else(|reason| {
        eprintln!("{subscriber} did not take {} events: {reason}", rows.len());
        vec![Reply::Again(format!("{subscriber}: {reason}")); rows.len()]
    })
}

async fn post(subscriber: &str, rows: &[Delivery]) -> Result<Vec<Reply>, String> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{subscriber}.spin.internal/events"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(envelope(rows)?))
        .map_err(|error| error.to_string())?;
    let response = Client::new().send(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("it answered {status}"));
    }
    let body = Limited::new(response.into_body().into_boxed_body(), ANSWER_BYTES_MAX);
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    replies(&body, rows.len())
}

/// The sidecar's envelope, with what it does not say in the metadata.
fn envelope(rows: &[Delivery]) -> Result<String, String> {
    let entry = |(place, row): (usize, &Delivery)| -> Result<_, String> {
        let event: Box<RawValue> = RawValue::from_string(row.body.clone()).map_err(|error| error.to_string())?;
        Ok((place.to_string(), event, row.failures.saturating_add(1).to_string()))
    };
    // One that is no JSON goes as its text's JSON: the subscriber drops it, and no other suffers for it.
    let quoted = |row: &Delivery| serde_json::value::to_raw_value(&row.body).map_err(|error| error.to_string());
    let mut owned = vec![];
    for (place, row) in rows.iter().enumerate() {
        owned.push(match entry((place, row)) {
            Ok(entry) => entry,
            Err(_) => (place.to_string(), quoted(row)?, "1".to_owned()),
        });
    }
    let entries = owned
        .iter()
        .zip(rows)
        .map(|((entry_id, event, attempt), row)| BulkEntry {
            entry_id: entry_id.into(),
            event,
            metadata: Metadata {
                topic: Some((&*row.topic).into()),
                key: Some((&*row.key).into()),
                partition_key: None,
                attempt: Some(attempt.into()),
            },
            content_type: CLOUD_EVENT.into(),
        });
    let bulk = Bulk {
        entries: entries.collect(),
    };
    serde_json::to_string(&bulk).map_err(|error| error.to_string())
}

/// What the answer says of each row. An answer for all of them at once says the same of each.
fn replies(body: &[u8], rows: usize) -> Result<Vec<Reply>, String> {
    let reply = |status, reason: Option<&str>| {
        let reason = reason.unwrap_or("it gave no reason").to_owned();
        match status {
            Status::Success => Reply::Done,
            Status::Retry => Reply::Again(reason),
            Status::Drop => Reply::Never(reason),
        }
    };
    if let Ok(single) = serde_json::from_slice::<Single>(body) {
        return Ok(vec![reply(single.status, None); rows]);
    }
    let many: Many<'_> = serde_json::from_slice(body).map_err(|error| format!("its answer is none: {error}"))?;
    if many.statuses.len() != rows {
        return Err(format!("it answered for {} events of {rows}", many.statuses.len()));
    }
    let entries = many.statuses.iter().enumerate();
    let replies = entries.map(|(place, entry)| match entry.entry_id == place.to_string() {
        true => Ok(reply(entry.status, entry.reason.as_deref())),
        false => Err("it answered for other events".to_owned()),
    });
    replies.collect()
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::deliveries::Delivery;

    use super::{Reply, envelope, replies};
    use crate::envelope::Body;

    fn row(body: &str) -> Delivery {
        Delivery {
            shard: 3,
            position: 7,
            failures: 1,
            event_type: "t".to_owned(),
            topic: "a".to_owned(),
            key: "k\"".to_owned(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn an_event_travels_as_it_is() {
        let text = envelope(&[row(r#"{ "n": 1.50 }"#), row("no json")]).expect("an envelope");
        let Body::Bulk(bulk) = Body::of(&text) else {
            panic!("an envelope");
        };
        let [first, second] = &bulk.entries[..] else {
            panic!("two entries");
        };
        assert_eq!(first.event.get(), r#"{ "n": 1.50 }"#);
        let metadata = &first.metadata;
        assert_eq!(
            (metadata.topic.as_deref(), metadata.key.as_deref()),
            (Some("a"), Some("k\""))
        );
        assert_eq!(metadata.attempt.as_deref(), Some("2"));
        assert_eq!(second.event.get(), "\"no json\"");
    }

    #[test]
    fn an_answer_is_for_each_event() {
        let body =
            br#"{"statuses":[{"entryId":"0","status":"SUCCESS"},{"entryId":"1","status":"DROP","reason":"bad"}]}"#;
        assert_eq!(replies(body, 2), Ok(vec![Reply::Done, Reply::Never("bad".to_owned())]));
        assert!(replies(body, 3).is_err());
        assert_eq!(
            replies(br#"{"status":"RETRY"}"#, 2),
            Ok(vec![Reply::Again("it gave no reason".to_owned()); 2])
        );
        for other in [
            &b""[..],
            b"ok",
            br#"{"status":"processed"}"#,
            br#"{"statuses":[{"entryId":"1","status":"SUCCESS"}]}"#,
        ] {
            assert!(replies(other, 1).is_err());
        }
    }
}
