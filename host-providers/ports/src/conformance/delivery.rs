//! From a topic to the subscribers' handlers.

use std::time::Duration;

use super::delivery_fixture::{ATTEMPTS_MAX, BATCH, Channel, Sink, eventually, numbered, of_type};
use crate::Outcome;

/// Longer than any poll interval or back-off that could still bring something.
const QUIET: Duration = Duration::from_millis(1_500);

/// To every subscriber, with nothing left out.
pub async fn a_key_s_events_come_in_order(channel: &dyn Channel) {
    let sink = Sink::done();
    let stop = channel.start(sink.clone()).await;
    for first in (0..200).step_by(20) {
        channel
            .publish(
                (first..first + 20)
                    .map(|n| numbered(&format!("key-{}", n % 7), n))
                    .collect(),
            )
            .await;
    }
    sink.until(|seen| seen.len() >= 400).await;
    stop.await;
    for component in ["reader", "picky"] {
        for key in (0..7).map(|n| format!("key-{n}")) {
            let bodies = sink.first_bodies(component, &key);
            assert!(
                bodies.is_sorted() && bodies.len() >= 28,
                "{component} {key}: {bodies:?}"
            );
        }
    }
    for (_, delivery) in sink.seen() {
        assert_eq!((delivery.topic.as_str(), delivery.attempt), ("things", 1));
    }
}

/// One call takes at most the subscription's batch, and more than one event if there are.
pub async fn a_call_takes_at_most_a_batch(channel: &dyn Channel) {
    channel.publish((0..100).map(|n| numbered("k", n)).collect()).await;
    let sink = Sink::done();
    let stop = channel.start(sink.clone()).await;
    sink.until(|seen| seen.len() >= 200).await;
    stop.await;
    let calls = sink.calls();
    assert!(calls.iter().all(|count| (1..=BATCH).contains(count)), "{calls:?}");
    assert!(calls.contains(&BATCH), "{calls:?}");
}

/// What a subscriber does not want costs no call, and does not hold up what it wants.
pub async fn only_wanted_types_are_handed_over(channel: &dyn Channel) {
    let sink = Sink::done();
    let stop = channel.start(sink.clone()).await;
    channel
        .publish(vec![
            of_type("thing.gone", "k", "gone"),
            of_type("thing.made", "k", "made"),
            of_type("thing.gone", "k", "gone too"),
        ])
        .await;
    sink.until(|seen| seen.len() >= 4).await;
    tokio::time::sleep(QUIET).await;
    stop.await;
    assert_eq!(sink.bodies("reader"), ["gone", "made", "gone too"]);
    assert_eq!(sink.bodies("picky"), ["made"]);
}

/// With the attempt counted, and with later events of its key after it.
pub async fn a_retried_event_comes_again_before_later_ones_of_its_key(channel: &dyn Channel) {
    channel
        .publish(vec![
            of_type("thing.made", "k", "hard"),
            of_type("thing.made", "k", "next"),
        ])
        .await;
    let sink = Sink::new(|component, delivery| match (component, &delivery.body[..]) {
        ("reader", b"hard") if delivery.attempt < ATTEMPTS_MAX => Outcome::Retry("not yet".to_owned()),
        _ => Outcome::Done,
    });
    let stop = channel.start(sink.clone()).await;
    sink.until(|seen| {
        let hard = |d: &crate::Delivery| d.body == b"hard" && d.attempt == ATTEMPTS_MAX;
        let taken = seen
            .iter()
            .position(|(component, d)| &**component == "reader" && hard(d));
        taken.is_some_and(|taken| {
            seen[taken..]
                .iter()
                .any(|(component, d)| &**component == "reader" && d.body == b"next")
        })
    })
    .await;
    stop.await;
    let seen = sink.seen();
    let attempts: Vec<u32> = seen
        .iter()
        .filter(|(component, d)| &**component == "reader" && d.body == b"hard")
        .map(|(_, d)| d.attempt)
        .collect();
    assert_eq!(attempts, (1..=ATTEMPTS_MAX).collect::<Vec<_>>());
    assert_eq!(sink.bodies("reader").last().map(String::as_str), Some("next"));
    assert!(channel.dead_letters().await.is_empty());
}

/// At once, with the reason; the events around it are done.
pub async fn a_rejected_event_is_a_dead_letter_and_holds_nobody_up(channel: &dyn Channel) {
    channel
        .publish(
            ["one", "bad", "two"]
                .map(|body| of_type("thing.made", "k", body))
                .into(),
        )
        .await;
    let sink = Sink::new(|component, delivery| match (component, &delivery.body[..]) {
        ("reader", b"bad") => Outcome::Reject("can not read it".to_owned()),
        _ => Outcome::Done,
    });
    let stop = channel.start(sink.clone()).await;
    sink.until(|seen| seen.len() >= 6).await;
    eventually("a dead letter", async || channel.dead_letters().await.len() == 1).await;
    stop.await;
    let letters = channel.dead_letters().await;
    assert_eq!(
        (letters[0].subscriber.as_str(), letters[0].body.as_slice()),
        ("reader", &b"bad"[..])
    );
    assert_eq!(
        (letters[0].reason.as_str(), letters[0].attempts),
        ("can not read it", 1)
    );
    assert_eq!(sink.bodies("reader"), ["one", "bad", "two"]);
}

/// After `attempts_max` attempts, and the key goes on.
pub async fn the_last_attempt_ends_in_a_dead_letter(channel: &dyn Channel) {
    channel
        .publish(vec![
            of_type("thing.made", "k", "never"),
            of_type("thing.made", "k", "next"),
        ])
        .await;
    let sink = Sink::new(|component, delivery| match (component, &delivery.body[..]) {
        ("reader", b"never") => Outcome::Retry("no server".to_owned()),
        _ => Outcome::Done,
    });
    let stop = channel.start(sink.clone()).await;
    eventually("a dead letter", async || channel.dead_letters().await.len() == 1).await;
    sink.until(|seen| {
        let tried = seen
            .iter()
            .rposition(|(component, d)| &**component == "reader" && d.body == b"never");
        let went_on = seen
            .iter()
            .rposition(|(component, d)| &**component == "reader" && d.body == b"next");
        tried < went_on
    })
    .await;
    stop.await;
    let letters = channel.dead_letters().await;
    assert_eq!(
        (letters[0].reason.as_str(), letters[0].attempts),
        ("no server", ATTEMPTS_MAX)
    );
    let tries = sink.bodies("reader").iter().filter(|body| *body == "never").count();
    assert_eq!(tries, ATTEMPTS_MAX as usize);
}

/// Neither its order nor its progress.
pub async fn one_subscriber_s_failure_does_not_touch_another(channel: &dyn Channel) {
    let sink = Sink::new(|component, _| match component {
        "reader" => Outcome::Retry("down".to_owned()),
        _ => Outcome::Done,
    });
    let stop = channel.start(sink.clone()).await;
    channel.publish((0..40).map(|n| numbered("k", n)).collect()).await;
    sink.until(|seen| seen.iter().filter(|(component, _)| &**component == "picky").count() >= 40)
        .await;
    stop.await;
    let bodies = sink.bodies("picky");
    assert!(bodies.is_sorted() && bodies.len() == 40, "{bodies:?}");
}

/// A stop lets the call under way end; what was done does not come again, and nothing is left out.
pub async fn progress_outlives_stop_and_start(channel: &dyn Channel) {
    for round in 0..3 {
        channel
            .publish((0..20).map(|n| numbered("k", round * 100 + n)).collect())
            .await;
        let sink = Sink::done();
        let stop = channel.start(sink.clone()).await;
        channel
            .publish((20..40).map(|n| numbered("k", round * 100 + n)).collect())
            .await;
        sink.until(|seen| seen.len() >= 80).await;
        stop.await;
        let expected: Vec<String> = (0..40).map(|n| format!("{:05}", round * 100 + n)).collect();
        for component in ["reader", "picky"] {
            assert_eq!(sink.bodies(component), expected, "{component}, round {round}");
        }
    }
}

/// What had no final outcome when it stopped comes first when it starts, and only then what is behind it.
pub async fn what_was_not_done_comes_again_after_a_start(channel: &dyn Channel) {
    channel.publish((0..3).map(|n| numbered("k", n)).collect()).await;
    let sink = Sink::new(|_, delivery| match &delivery.body[..] {
        b"00000" => Outcome::Done,
        _ => Outcome::Retry("not now".to_owned()),
    });
    let stop = channel.start(sink.clone()).await;
    sink.until(|seen| {
        seen.iter()
            .any(|(component, d)| &**component == "reader" && d.body == b"00001")
    })
    .await;
    stop.await;
    assert_eq!(channel.dead_letters().await, []);
    let sink = Sink::done();
    let stop = channel.start(sink.clone()).await;
    sink.until(|seen| seen.iter().filter(|(component, _)| &**component == "reader").count() >= 2)
        .await;
    stop.await;
    assert_eq!(sink.bodies("reader"), ["00001", "00002"]);
}

/// What is no event at all is the component's to judge.
pub async fn any_body_reaches_the_handler_as_it_is(channel: &dyn Channel) {
    let sink = Sink::done();
    let stop = channel.start(sink.clone()).await;
    channel
        .publish(vec![of_type("thing.made", "k", "{\"type\": 7, not json ä")])
        .await;
    sink.until(|seen| seen.len() >= 2).await;
    stop.await;
    assert_eq!(sink.bodies("reader"), ["{\"type\": 7, not json ä"]);
}
