//! Events arrive, and the service's handler gets them.

mod settle;

use std::borrow::Cow;

use dayloom_spin_kit::{Application, Settings, Subscription};
use wasip2::http::types::IncomingRequest;

use crate::answer::{Entry, Many, Single, Status};
use crate::bindings::dayloom::platform::handler::{self, Delivery, Outcome};
use crate::cloud_event;
use crate::envelope::Body;
use crate::exchange::{self, Answer};
use settle::{Arrival, settle};

/// Bytes of a request with events at most: a bulk of as many of largest size as the sidecar is asked for, and more than a
/// relay sends.
pub(crate) const BODY_BYTES_MAX: usize = 40 * 1024 * 1024;

/// One event as it came.
#[derive(Debug, PartialEq)]
struct Received<'a> {
    topic: Cow<'a, str>,
    key: Cow<'a, str>,
    attempt: u32,
    text: &'a str,
}

/// Answers a request with events, and says whether the service may have committed something that is to be relayed.
pub(crate) fn receive(settings: &Settings, topic: Option<&str>, request: IncomingRequest) -> (Answer, bool) {
    let key = header(&request, "__key").or_else(|| header(&request, "partitionkey"));
    let bytes = match exchange::body(request, BODY_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("events can not be read: {error:?}");
            return (error.answer(), false);
        }
    };
    let application = match Application::read() {
        Ok(application) => application,
        Err(error) => {
            eprintln!("events come again, for nobody knows who wants them: {error}");
            return (Answer::json(&Single { status: Status::Retry }), false);
        }
    };
    let Some(service) = application.services.get(&settings.component) else {
        eprintln!(
            "events come again: the manifest has no component {}",
            settings.component
        );
        return (Answer::json(&Single { status: Status::Retry }), false);
    };
    // Who publishes nothing leaves nothing to relay.
    let publishes = !service.grant.publishes.is_empty();
    let Ok(text) = std::str::from_utf8(&bytes) else {
        eprintln!("an event is dropped: it is no text");
        return (Answer::json(&Single { status: Status::Drop }), false);
    };
    let answer = match Body::of(text) {
        Body::Single(text) => {
            let received = [Received {
                topic: topic.unwrap_or_default().into(),
                key: key.unwrap_or_default().into(),
                attempt: 1,
                text,
            }];
            let outcomes = hand_over(&service.subscriptions, &received);
            let status = outcomes.first().map_or(Status::Retry, |(status, _)| *status);
            Answer::json(&Single { status })
        }
        Body::Bulk(bulk) => {
            let received: Vec<Received<'_>> = bulk
                .entries
                .iter()
                .map(|entry| {
                    let metadata = &entry.metadata;
                    let named = topic.map(Cow::Borrowed).or_else(|| metadata.topic.clone());
                    let key = metadata.key.as_ref().or(metadata.partition_key.as_ref());
                    Received {
                        topic: named.unwrap_or_default(),
                        key: key.cloned().unwrap_or_default(),
                        attempt: metadata
                            .attempt
                            .as_ref()
                            .and_then(|text| text.parse().ok())
                            .unwrap_or(1),
                        text: entry.event.get(),
                    }
                })
                .collect();
            let outcomes = hand_over(&service.subscriptions, &received);
            let entry =
                |(entry, (status, reason)): (&crate::envelope::BulkEntry<'_>, (Status, Option<String>))| Entry {
                    entry_id: entry.entry_id.to_string().into(),
                    status,
                    reason: reason.map(Cow::Owned),
                };
            Answer::json(&Many {
                statuses: bulk.entries.iter().zip(outcomes).map(entry).collect(),
            })
        }
    };
    (answer, publishes)
}

/// One outcome for each event, in order, with the reason if it was not handled.
fn hand_over(subscriptions: &[Subscription], received: &[Received<'_>]) -> Vec<(Status, Option<String>)> {
    let arrivals: Vec<Arrival<'_>> = received.iter().map(|event| judge(subscriptions, event)).collect();
    let batch = subscriptions
        .iter()
        .map(|subscription| subscription.batch)
        .min()
        .unwrap_or(1)
        .max(1);
    let outcomes = settle(&arrivals, batch, |indexes| {
        let deliveries: Vec<Delivery> = indexes.iter().map(|&index| delivery(&received[index])).collect();
        handler::handle(&deliveries).into_iter().map(outcome).collect()
    });
    for (event, (status, reason)) in received.iter().zip(&outcomes) {
        if *status != Status::Success {
            let (topic, reason) = (&event.topic, reason.as_deref().unwrap_or_default());
            eprintln!("an event of topic {topic}: {status:?}, {reason}");
        }
    }
    outcomes
}

/// What an event is to this component.
fn judge<'a>(subscriptions: &[Subscription], event: &'a Received<'_>) -> Arrival<'a> {
    let is_subscribed = |subscription: &Subscription| subscription.topics.iter().any(|topic| **topic == event.topic);
    if !subscriptions.iter().any(is_subscribed) {
        // Never "not found": the sidecar would take the event for handled. A deployment's mistake must not lose events.
        return Arrival::Unexpected(format!("nothing here is subscribed to topic `{}`", event.topic));
    }
    match cloud_event::type_of(event.text) {
        Err(reason) => Arrival::Malformed(reason),
        Ok(event_type) => {
            let is_wanted = |subscription| cloud_event::is_wanted(subscription, &event.topic, &event_type);
            match subscriptions.iter().any(is_wanted) {
                true => Arrival::Wanted { key: &event.key },
                false => Arrival::Unwanted,
            }
        }
    }
}

fn delivery(event: &Received<'_>) -> Delivery {
    Delivery {
        topic: event.topic.to_string(),
        key: event.key.to_string(),
        attempt: event.attempt,
        body: event.text.as_bytes().to_vec(),
    }
}

fn outcome(outcome: Outcome) -> (Status, Option<String>) {
    match outcome {
        Outcome::Done => (Status::Success, None),
        Outcome::Retry(reason) => (Status::Retry, Some(reason)),
        Outcome::Reject(reason) => (Status::Drop, Some(reason)),
    }
}

fn header(request: &IncomingRequest, name: &str) -> Option<String> {
    let values = request.headers().get(name);
    String::from_utf8(values.into_iter().next()?).ok()
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::Subscription;

    use super::{Arrival, Received, judge};

    #[test]
    fn an_event_is_unexpected_malformed_unwanted_or_wanted() {
        let subscriptions = [Subscription {
            component: "c".into(),
            topics: vec!["a".to_owned()],
            types: vec!["t".to_owned()],
            batch: 1,
            attempts_max: 1,
        }];
        let received = |topic: &'static str, text: &'static str| Received {
            topic: topic.into(),
            key: "k".into(),
            attempt: 1,
            text,
        };
        let event = r#"{"specversion":"1.0","id":"1","source":"/x","type":"t"}"#;
        let other = r#"{"specversion":"1.0","id":"1","source":"/x","type":"u"}"#;
        assert!(matches!(
            judge(&subscriptions, &received("b", event)),
            Arrival::Unexpected(_)
        ));
        assert!(matches!(
            judge(&subscriptions, &received("a", "{}")),
            Arrival::Malformed(_)
        ));
        assert_eq!(judge(&subscriptions, &received("a", other)), Arrival::Unwanted);
        assert_eq!(
            judge(&subscriptions, &received("a", event)),
            Arrival::Wanted { key: "k" }
        );
    }
}
