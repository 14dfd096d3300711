//! What the sidecar is asked for: every topic of the component, in bulk.

use dayloom_spin_kit::{Application, Settings, Subscription};
use serde::Serialize;

use crate::exchange::Answer;

/// Entries in one delivery at most, so that one of largest events stays within what is read.
const MESSAGES_MAX: usize = 100;
/// Milliseconds that the sidecar waits for a bulk to fill: hardly noticed by who watches a page.
const AWAIT_MS_MAX: u32 = 50;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted<'a> {
    pubsubname: &'a str,
    topic: &'a str,
    routes: Routes,
    dead_letter_topic: String,
    bulk_subscribe: BulkSubscribe,
}

#[derive(Debug, Serialize)]
struct Routes {
    default: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkSubscribe {
    enabled: bool,
    max_messages_count: usize,
    max_await_duration_ms: u32,
}

/// Answers `GET /dapr/subscribe`.
pub(crate) fn answer(settings: &Settings) -> Answer {
    let application = match Application::read() {
        Ok(application) => application,
        Err(error) => {
            eprintln!("nothing can be subscribed to: {error}");
            return Answer::status(500);
        }
    };
    let pubsub = settings.sidecar.as_ref().map_or("", |sidecar| &*sidecar.pubsub);
    let service = application.services.get(&settings.component);
    let subscriptions = service.map_or(&[][..], |service| &service.subscriptions);
    Answer::json(&wanted(pubsub, &settings.component, subscriptions))
}

/// One entry for each topic: a topic that two subscriptions want comes once.
fn wanted<'a>(pubsubname: &'a str, component: &str, subscriptions: &'a [Subscription]) -> Vec<Wanted<'a>> {
    let mut wanted: Vec<Wanted<'a>> = vec![];
    for subscription in subscriptions {
        for topic in &subscription.topics {
            if wanted.iter().any(|entry| entry.topic == topic) {
                continue;
            }
            wanted.push(Wanted {
                pubsubname,
                topic,
                routes: Routes {
                    default: format!("/events/{topic}"),
                },
                dead_letter_topic: format!("{component}-dead-letters"),
                bulk_subscribe: BulkSubscribe {
                    enabled: true,
                    max_messages_count: subscription.batch.clamp(1, MESSAGES_MAX),
                    max_await_duration_ms: AWAIT_MS_MAX,
                },
            });
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use dayloom_spin_kit::Subscription;

    use super::{MESSAGES_MAX, wanted};
    use crate::events::BODY_BYTES_MAX;

    #[test]
    fn every_topic_is_subscribed_to_once() {
        let subscription = |topics: &[&str], batch| Subscription {
            component: "audit".into(),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            types: vec![],
            batch,
            attempts_max: 8,
        };
        let subscriptions = [subscription(&["reminders"], 5), subscription(&["reminders", "x"], 500)];
        let text = serde_json::to_string(&wanted("ps", "audit", &subscriptions)).expect("it serialises");
        assert_eq!(
            text,
            r#"[{"pubsubname":"ps","topic":"reminders","routes":{"default":"/events/reminders"},"deadLetterTopic":"audit-dead-letters","bulkSubscribe":{"enabled":true,"maxMessagesCount":5,"maxAwaitDurationMs":50}},"#.to_owned()
                + r#"{"pubsubname":"ps","topic":"x","routes":{"default":"/events/x"},"deadLetterTopic":"audit-dead-letters","bulkSubscribe":{"enabled":true,"maxMessagesCount":100,"maxAwaitDurationMs":50}}]"#
        );
    }

    #[test]
    fn a_bulk_of_the_largest_events_is_read() {
        const { assert!(MESSAGES_MAX * dayloom_spin_kit::limits::EVENT_BODY_BYTES_MAX * 5 / 4 < BODY_BYTES_MAX) };
    }
}
