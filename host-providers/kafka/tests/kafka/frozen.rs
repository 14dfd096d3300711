//! Members that are silent for longer than their session.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dayloom_kafka::KafkaConfig;
use dayloom_ports::conformance::delivery_fixture::{Sink, eventually};
use dayloom_ports::{ComponentId, Delivery, EventSink, Outcome};
use tokio::time::sleep;

use crate::support::{Consuming, config, connect, publish, record, subscription};

/// The child's topics and group; also what makes it the child.
const PREFIX: &str = "DAYLOOM_TEST_FROZEN_PREFIX";

/// The shortest session a broker allows.
const SESSION_MS: u64 = 6_000;

fn short_session(config: KafkaConfig) -> KafkaConfig {
    KafkaConfig {
        session_timeout_ms: SESSION_MS,
        ..config
    }
}

/// Says on standard output what it is about to do.
struct Telling;

#[async_trait]
impl EventSink for Telling {
    async fn deliver(&self, _: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let mut out = std::io::stdout().lock();
        for delivery in &deliveries {
            writeln!(out, "took {} {}", delivery.key, String::from_utf8_lossy(&delivery.body))
                .expect("the parent listens");
        }
        out.flush().expect("the parent listens");
        vec![Outcome::Done; deliveries.len()]
    }
}

/// Not a test of its own: what the child process runs, for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below in a process of its own"]
async fn child() {
    let Ok(prefix) = std::env::var(PREFIX) else { return };
    let config = short_session(KafkaConfig {
        topic_prefix: prefix.clone(),
        group_prefix: prefix,
        ..config()
    });
    let subscriptions = vec![subscription("a")];
    let events = connect(&config, &subscriptions).await;
    Consuming::start(&events, subscriptions, Arc::new(Telling));
    std::future::pending::<()>().await;
}

/// A child and what it took; killed when it is dropped.
struct Member {
    child: Child,
    took: Arc<Mutex<Vec<(String, String)>>>,
}

impl Member {
    fn start(prefix: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["frozen::child", "--exact", "--ignored", "--nocapture"])
            .env(PREFIX, prefix)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let (took, out) = (
            Arc::new(Mutex::new(Vec::new())),
            child.stdout.take().expect("it is piped"),
        );
        let notes = took.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let ["took", key, body] = line.split(' ').collect::<Vec<_>>()[..] {
                    notes
                        .lock()
                        .expect("nobody panics")
                        .push((key.to_owned(), body.to_owned()));
                }
            }
        });
        Self { child, took }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(status.expect("`kill` is there").success());
    }

    fn took(&self) -> Vec<(String, String)> {
        self.took.lock().expect("nobody panics").clone()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_member_s_partitions_go_to_others_and_it_comes_back() {
    let config = short_session(config());
    let subscriptions = vec![subscription("a")];
    let events = connect(&config, &subscriptions).await;
    let sink = Sink::done();
    let consuming = Consuming::start(&events, subscriptions, sink.clone());
    let member = Member::start(&config.topic_prefix);

    let publisher = events.clone();
    let publishing = tokio::spawn(async move {
        for number in 0_u32.. {
            publish(
                &publisher,
                (0..12)
                    .map(|key| record(&format!("k{key}"), format!("{number:05}")))
                    .collect(),
            )
            .await;
            sleep(Duration::from_millis(100)).await;
            if number == 450 {
                return number + 1;
            }
        }
        0
    });
    eventually("the child has its share", async || !member.took().is_empty()).await;
    member.signal("-STOP");
    let frozen_at = member.took().len();
    sleep(Duration::from_millis(SESSION_MS + 6_000)).await;
    assert_eq!(member.took().len(), frozen_at);
    let keys_here = |sink: &Sink| {
        sink.seen()
            .iter()
            .rev()
            .take(200)
            .map(|(_, d)| d.key.clone())
            .collect::<HashSet<_>>()
    };
    eventually("all partitions are here", async || keys_here(&sink).len() == 12).await;
    member.signal("-CONT");
    eventually("the child takes part again", async || {
        member.took().len() > frozen_at + 24
    })
    .await;

    let published = publishing.await.expect("it publishes") as usize;
    let distinct = || {
        let here = sink
            .seen()
            .into_iter()
            .map(|(_, d)| (d.key, String::from_utf8_lossy(&d.body).into_owned()));
        here.chain(member.took()).collect::<HashSet<_>>().len()
    };
    eventually("everything was taken by somebody", async || {
        distinct() == published * 12
    })
    .await;
    consuming.stop().await;
    for key in (0..12).map(|key| format!("k{key}")) {
        assert!(sink.first_bodies("a", &key).is_sorted(), "{key}");
    }
}

/// Takes its time.
struct Slow(Arc<Sink>);

#[async_trait]
impl EventSink for Slow {
    async fn deliver(&self, component: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        let outcomes = self.0.deliver(component, deliveries).await;
        sleep(Duration::from_millis(SESSION_MS + 2_000)).await;
        outcomes
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_slower_than_the_session_keeps_its_partition() {
    let config = short_session(config());
    let subscriptions = vec![subscription("a")];
    let (one, two) = (
        connect(&config, &subscriptions).await,
        connect(&config, &subscriptions).await,
    );
    let sink = Sink::done();
    let members =
        [&one, &two].map(|events| Consuming::start(events, subscriptions.clone(), Arc::new(Slow(sink.clone()))));
    publish(&one, vec![record("k", "1"), record("k", "2")]).await;
    sink.until(|seen| seen.iter().any(|(_, d)| d.body == b"2")).await;
    sleep(Duration::from_millis(2 * SESSION_MS)).await;
    for member in members {
        member.stop().await;
    }
    assert_eq!(sink.bodies("a"), ["1", "2"]);
}
