//! A process that is killed while it writes and delivers loses nothing that was acknowledged.

use std::collections::HashSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dayloom_ports::conformance::fixture::{commit, event, insert, query};
use dayloom_ports::{ComponentId, Delivery, Event, EventSink, Outcome, Subscription, Value};
use dayloom_sqlite::{SqliteConfig, SqliteStore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{Dispatching, Sink, config, directory, subscription};

/// Where the child works; also what makes it the child.
const DIRECTORY: &str = "DAYLOOM_TEST_CRASH_DIRECTORY";

/// Kills, each at another moment.
const ROUNDS: usize = 4;

/// Acknowledgements after which the child is killed.
const ACKNOWLEDGED_MIN: usize = 400;

/// What the child's handler takes for a call.
const HANDLING: Duration = Duration::from_millis(250);

/// Writers of the child.
const WRITERS: usize = 16;

/// Says on standard output what it has handled.
struct Telling;

#[async_trait]
impl EventSink for Telling {
    async fn deliver(&self, _: &ComponentId, deliveries: Vec<Delivery>) -> Vec<Outcome> {
        // Long enough for cursors to be written down several times: one that ran ahead of this call would be.
        tokio::time::sleep(HANDLING).await;
        // Before the outcome: what is told here may come again, what is not told here must.
        for delivery in &deliveries {
            tell(
                "delivered",
                std::str::from_utf8(&delivery.body).expect("bodies are text"),
            );
        }
        vec![Outcome::Done; deliveries.len()]
    }
}

fn tell(what: &str, id: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what} {id}")
        .and_then(|()| out.flush())
        .expect("the parent listens");
}

fn open(dir: PathBuf) -> Arc<SqliteStore> {
    let config = SqliteConfig {
        subscriptions: vec![Subscription {
            batch: 100,
            ..subscription("a")
        }],
        ..config(&dir)
    };
    SqliteStore::open(config).expect("the store opens")
}

/// Not a test of its own: what the child process runs, for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below in a process of its own"]
async fn child() {
    let Some(dir) = env::var_os(DIRECTORY) else { return };
    let store = open(dir.into());
    let dispatching = store.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        dispatching
            .dispatch(Arc::new(Telling), CancellationToken::new())
            .await
            .expect("it never ends");
    });
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.spawn(async move {
            loop {
                let event = event(&format!("key-{writer}"));
                let id = event.id.clone();
                let (row, half) = (insert(&id), insert(&format!("{id}-half")));
                commit(
                    &*store,
                    [row, half],
                    [Event {
                        body: id.clone(),
                        ..event
                    }],
                )
                .await
                .expect("it is committed");
                tell("acknowledged", &id);
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_acknowledged() {
    let dir = directory();
    let (mut acknowledged, mut delivered) = (HashSet::new(), HashSet::new());
    for round in 0..ROUNDS {
        let mut child = Command::new(env::current_exe().expect("this test binary"))
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is ours")).lines();
        let mut count = 0;
        while count < ACKNOWLEDGED_MIN + 37 * round {
            let line = lines.next().expect("the child goes on").expect("it is text");
            count += usize::from(note(&line, &mut acknowledged, &mut delivered));
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it is gone");
        // What it had said before it died was said.
        for line in lines.map_while(Result::ok) {
            note(&line, &mut acknowledged, &mut delivered);
        }
    }

    let store = open(dir.path().to_owned());
    let committed = count(&store, "id NOT LIKE '%-half'").await;
    assert_eq!(
        count(&store, "id LIKE '%-half'").await,
        committed,
        "no commit is there by half"
    );
    for chunk in acknowledged.iter().collect::<Vec<_>>().chunks(90) {
        let list: Vec<String> = chunk.iter().map(|id| format!("'{id}'")).collect();
        assert_eq!(count(&store, &format!("id IN ({})", list.join(","))).await, chunk.len());
    }

    // Whatever was committed is delivered, before a crash or now.
    let sink = Sink::done();
    let dispatching = Dispatching::start(&store, sink.clone());
    let known = delivered.clone();
    sink.until(move |seen| {
        let now = seen
            .iter()
            .map(|(_, delivery)| String::from_utf8_lossy(&delivery.body).into_owned());
        known.iter().cloned().chain(now).collect::<HashSet<_>>().len() >= committed
    })
    .await;
    dispatching.stop().await;
    delivered.extend(sink.bodies());
    assert_eq!(delivered.len(), committed, "and nothing that was not committed");
    assert!(acknowledged.is_subset(&delivered));
}

/// Notes a line of the child; whether it acknowledged something.
fn note(line: &str, acknowledged: &mut HashSet<String>, delivered: &mut HashSet<String>) -> bool {
    // The last line may be cut off; ids have 36 characters.
    match line.split_once(' ') {
        Some(("acknowledged", id)) if id.len() == 36 => acknowledged.insert(id.to_owned()),
        Some(("delivered", id)) if id.len() == 36 => {
            delivered.insert(id.to_owned());
            false
        }
        _ => false,
    }
}

async fn count(store: &SqliteStore, condition: &str) -> usize {
    match query(store, &format!("SELECT count(*) FROM things WHERE {condition}"))
        .await
        .as_deref()
    {
        Ok([row]) => match row[0] {
            Value::Integer(count) => usize::try_from(count).expect("a count"),
            ref other => panic!("no count: {other:?}"),
        },
        other => panic!("no count: {other:?}"),
    }
}
