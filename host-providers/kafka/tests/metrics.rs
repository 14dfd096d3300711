//! The figures a dashboard shows. In a test program of its own, because there is one recorder a process.

#[path = "kafka/support.rs"]
mod support;

use dayloom_ports::conformance::delivery_fixture::{Sink, eventually};
use dayloom_ports::{Outcome, Subscription};
use metrics::{SharedString, Unit};
use metrics_util::CompositeKey;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use support::{Consuming, config, connect, publish, record, subscription};

type Series = Vec<(CompositeKey, Option<Unit>, Option<SharedString>, DebugValue)>;

/// The sum over all series of that name whose labels contain these; none if there is no such series.
fn value(series: &Series, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted = series.iter().filter(|(key, ..)| {
        let has = |(name, value): &(&str, &str)| {
            let mut own = key.key().labels();
            own.any(|label| label.key() == *name && label.value() == *value)
        };
        key.key().name() == name && labels.iter().all(has)
    });
    let values = wanted.map(|(.., value)| match value {
        #[expect(clippy::cast_precision_loss, reason = "counts of a test are small")]
        DebugValue::Counter(count) => *count as f64,
        DebugValue::Gauge(gauge) => gauge.into_inner(),
        DebugValue::Histogram(_) => panic!("{name} is a histogram"),
    });
    values.reduce(|sum, value| sum + value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lag_and_outcomes_are_counted_by_subscriber() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().expect("it is the only one");

    let subscriptions = vec![Subscription {
        attempts_max: 1_000,
        ..subscription("a")
    }];
    let events = connect(&config(), &subscriptions).await;
    let sink = Sink::new(|_, delivery| match &delivery.body[..] {
        b"never" => Outcome::Retry("no".to_owned()),
        b"bad" => Outcome::Reject("no".to_owned()),
        _ => Outcome::Done,
    });
    let consuming = Consuming::start(&events, subscriptions, sink.clone());
    publish(
        &events,
        ["good", "bad", "never", "behind", "behind"]
            .map(|body| record("k", body))
            .into(),
    )
    .await;
    // Counters of a snapshot begin again at the next.
    let (mut done, mut retried, mut rejected, mut dead) = (0.0, 0.0, 0.0, 0.0);
    eventually("all are counted, and lag is seen", async || {
        let now = snapshotter.snapshot().into_vec();
        let of_a = |name, more: &[_]| value(&now, name, &[&[("subscriber", "a")], more].concat());
        let outcome = |outcome| of_a("dayloom_deliveries_total", &[("outcome", outcome)]).unwrap_or(0.0);
        let lag = of_a("dayloom_log_lag", &[("topic", "things")]);
        done += outcome("done");
        retried += outcome("retry");
        rejected += outcome("reject");
        dead += of_a("dayloom_dead_letters_total", &[]).unwrap_or(0.0);
        done == 1.0 && rejected == 1.0 && dead == 1.0 && retried >= 2.0 && lag == Some(3.0)
    })
    .await;
    consuming.stop().await;
}
