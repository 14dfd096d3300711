//! Publishing through the sidecar, in bulk.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dayloom_spin_kit::outbox::{self, OutboxRow};
use dayloom_spin_kit::{Database, Error, Sidecar, SidecarSettings, WORK_MS_MAX, encoded};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::schedule::rounds;
use crate::envelope::CLOUD_EVENT;

/// How long one call to the sidecar takes at most; the client gives up then.
const CALL_WITHIN: Duration = Duration::from_secs(10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    entry_id: String,
    event: &'a RawValue,
    content_type: &'static str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    partition_key: &'a str,
}

/// What the sidecar says when not all was published.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Partial {
    failed_entries: Vec<FailedEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedEntry {
    entry_id: String,
    #[serde(default)]
    error: String,
}

/// Publishes what waits until nothing more is free.
pub(super) fn pass(database: &Database, settings: &SidecarSettings, until: Instant) -> Result<(), Error> {
    let sidecar = Sidecar::new(settings);
    while Instant::now() < until {
        let Some(claim) = outbox::claim(database)? else {
            return Ok(());
        };
        // A call that begins before this ends well within the lease.
        let last_call = Instant::now() + Duration::from_millis(WORK_MS_MAX).saturating_sub(CALL_WITHIN);
        let published = publish(&claim.rows, last_call, |topic, rows| {
            call(sidecar, &settings.pubsub, topic, rows)
        });
        let is_left = |row: &&OutboxRow| !published.done.contains(&row.position);
        let failed: Vec<i64> = match &published.failure {
            None => vec![],
            Some(reason) => {
                let left = claim.rows.iter().filter(is_left);
                let shards: Vec<i64> = left.map(|row| row.shard).collect();
                eprintln!("{} events were not published and wait: {reason}", shards.len());
                shards
            }
        };
        // Until here a crash publishes again what was published.
        outbox::settle(database, &claim, &published.done, &failed)?;
    }
    Ok(())
}

#[derive(Debug, Default, PartialEq)]
struct Published {
    /// Positions of the rows that are on their topic.
    done: Vec<i64>,
    /// Why some are not. None if they were only not tried.
    failure: Option<String>,
}

/// Publishes rows in order of their key: round by round, so that nothing overtakes an event of its key on a topic. `call`
/// publishes some rows of one topic and returns the places of those that were refused.
fn publish(
    rows: &[OutboxRow],
    last_call: Instant,
    mut call: impl FnMut(&str, &[&OutboxRow]) -> Result<Vec<(usize, String)>, String>,
) -> Published {
    let mut published = Published::default();
    let mut topics: BTreeMap<&str, Vec<&OutboxRow>> = BTreeMap::new();
    for row in rows {
        topics.entry(&row.topic).or_default().push(row);
    }
    for (topic, rows) in topics {
        let mut held: Vec<&str> = vec![];
        for round in rounds(rows.iter().map(|row| &*row.key)) {
            let round: Vec<&OutboxRow> = round.into_iter().map(|index| rows[index]).collect();
            let round: Vec<&OutboxRow> = round.into_iter().filter(|row| !held.contains(&&*row.key)).collect();
            if round.is_empty() || Instant::now() >= last_call {
                break;
            }
            match call(topic, &round) {
                Ok(refused) => {
                    for (place, row) in round.iter().enumerate() {
                        match refused.iter().find(|(refused, _)| *refused == place) {
                            None => published.done.push(row.position),
                            Some((_, reason)) => {
                                held.push(&row.key);
                                published.failure.get_or_insert_with(|| reason.clone());
                            }
                        }
                    }
                }
                Err(reason) => {
                    published.failure.get_or_insert(reason);
                    break;
                }
            }
        }
    }
    published
}

/// One bulk publish, <https://docs.dapr.io/reference/api/pubsub_api/>.
fn call(sidecar: Sidecar<'_>, pubsub: &str, topic: &str, rows: &[&OutboxRow]) -> Result<Vec<(usize, String)>, String> {
    let mut refused = vec![];
    let mut entries = vec![];
    for (place, row) in rows.iter().enumerate() {
        match serde_json::from_str::<&RawValue>(&row.body) {
            Ok(event) => entries.push(Entry {
                entry_id: place.to_string(),
                event,
                content_type: CLOUD_EVENT,
                metadata: Metadata {
                    partition_key: &row.key,
                },
            }),
            Err(error) => refused.push((place, format!("an event in the outbox is no JSON: {error}"))),
        }
    }
    if entries.is_empty() {
        return Ok(refused);
    }
    let body = serde_json::to_vec(&entries).map_err(|error| error.to_string())?;
    let path = format!("/v1.0/publish/bulk/{}/{}", encoded(pubsub), encoded(topic));
    let answer = sidecar
        .call("POST", &path, "application/json", &body)
        .map_err(|error| error.to_string())?;
    if !answer.is_success() {
        refused.extend(failed_entries(&answer.body, rows.len()).ok_or_else(|| {
            let said = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
            format!("the sidecar answered {} for topic {topic}: {said}", answer.status)
        })?);
    }
    Ok(refused)
}

/// The entries that an answer names as failed. None if it names none of ours, so that all of them failed.
fn failed_entries(body: &[u8], entries: usize) -> Option<Vec<(usize, String)>> {
    let partial: Partial = serde_json::from_slice(body).ok()?;
    let place = |entry: FailedEntry| {
        Some((
            entry.entry_id.parse().ok().filter(|place| *place < entries)?,
            entry.error,
        ))
    };
    let failed: Option<Vec<_>> = partial.failed_entries.into_iter().map(place).collect();
    failed.filter(|failed| !failed.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use dayloom_spin_kit::outbox::OutboxRow;

    use super::{failed_entries, publish};

    fn rows(rows: &[(i64, &str, &str)]) -> Vec<OutboxRow> {
        let row = |(position, topic, key): &(i64, &str, &str)| OutboxRow {
            shard: 0,
            position: *position,
            topic: (*topic).to_owned(),
            key: (*key).to_owned(),
            body: "{}".to_owned(),
        };
        rows.iter().map(row).collect()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn an_event_is_published_once_the_one_before_it_is() {
        let rows = rows(&[
            (1, "x", "a"),
            (2, "x", "b"),
            (3, "x", "a"),
            (4, "y", "a"),
            (5, "x", "b"),
        ]);
        let mut calls = vec![];
        let published = publish(&rows, soon(), |topic, rows| {
            calls.push((
                topic.to_owned(),
                rows.iter().map(|row| row.position).collect::<Vec<_>>(),
            ));
            Ok(if calls.len() == 1 {
                vec![(0, "full".to_owned())]
            } else {
                vec![]
            })
        });
        let x = |positions: &[i64]| ("x".to_owned(), positions.to_vec());
        assert_eq!(calls, [x(&[1, 2]), x(&[5]), ("y".to_owned(), vec![4])]);
        assert_eq!(published.done, [2, 5, 4]);
        assert_eq!(published.failure.as_deref(), Some("full"));
    }

    #[test]
    fn a_topic_that_fails_does_not_hold_up_another() {
        let rows = rows(&[(1, "x", "a"), (2, "y", "a"), (3, "x", "a")]);
        let published = publish(&rows, soon(), |topic, _| match topic {
            "x" => Err("away".to_owned()),
            _ => Ok(vec![]),
        });
        assert_eq!((published.done, published.failure.as_deref()), (vec![2], Some("away")));
    }

    #[test]
    fn nothing_is_begun_that_would_outlast_the_lease() {
        let published = publish(&rows(&[(1, "x", "a")]), Instant::now(), |_, _| unreachable!("too late"));
        assert_eq!(published, super::Published::default());
    }

    #[test]
    fn failed_entries_are_those_that_are_named() {
        let body = br#"{"failedEntries":[{"entryId":"1","error":"x"},{"entryId":"0"}],"errorCode":"ERR"}"#;
        assert_eq!(
            failed_entries(body, 2),
            Some(vec![(1, "x".to_owned()), (0, String::new())])
        );
        for all in [
            &b""[..],
            b"{}",
            br#"{"failedEntries":[]}"#,
            br#"{"failedEntries":[{"entryId":"2"}]}"#,
            br#"{"failedEntries":[{"entryId":"x"}]}"#,
        ] {
            assert_eq!(failed_entries(all, 2), None);
        }
    }
}
