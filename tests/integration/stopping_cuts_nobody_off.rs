//! A host that is asked to stop answers what it has taken, refuses what it has not, and ends within its time.

use std::time::{Duration, Instant};

use dayloom_tests::{Client, Host, LiveSocket, Seen, Signal};
use futures::future::join_all;
use serde_json::json;

/// Requests under way when the signal comes, each on a connection of its own.
const CONCURRENT: usize = 50;
/// Time to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);
/// The close code of a server that goes away, RFC 6455 §7.4.1.
const GOING_AWAY: u16 = 1001;

/// What one client met.
#[derive(Debug, PartialEq)]
enum Met {
    /// So many tasks were created, and then nobody took the connection.
    Refused(Vec<String>),
    /// A request that was taken was not answered.
    Cut(String),
}

/// Creates tasks, each on a new connection, until the host takes no more.
async fn until_refused(client: Client) -> Met {
    let mut created = Vec::new();
    loop {
        let request = client
            .request(reqwest::Method::POST, &client.own("/tasks"))
            .header("connection", "close")
            .json(&json!({ "title": "in time" }));
        match request.send().await {
            Ok(response) if response.status() == 201 => match response.json::<serde_json::Value>().await {
                Ok(task) => created.push(task["id"].to_string()),
                Err(error) => return Met::Cut(format!("{error:?}")),
            },
            // A gateway that is stopping may say so; what it says is an answer.
            Ok(response) if response.status() == 503 => {}
            Ok(response) => return Met::Cut(response.status().to_string()),
            Err(error) if error.is_connect() => return Met::Refused(created),
            Err(error) => return Met::Cut(format!("{error:?}")),
        }
    }
}

async fn stops_on(signal: Signal) {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let mut live = LiveSocket::connect(host.address(), &ana).await.expect("a connection");
    let clients: Vec<_> = (0..CONCURRENT)
        .map(|_| tokio::spawn(until_refused(ana.clone())))
        .collect();
    // Every client has been answered by now; what comes next meets the signal at any stage of a request.
    for _ in 0..CONCURRENT {
        assert!(matches!(live.next().await, Seen::Event(_)));
    }
    let begun = Instant::now();
    host.signal(signal).await.expect("the host runs");
    let mut created = Vec::new();
    for met in join_all(clients).await {
        match met.expect("a client ends") {
            Met::Refused(tasks) => created.extend(tasks),
            Met::Cut(how) => panic!("a request was cut off: {how}"),
        }
    }
    let code = loop {
        match live.next().await {
            Seen::Closed(code) => break code,
            Seen::Event(_) => {}
            Seen::Reload => panic!("nothing was lost"),
        }
    };
    assert_eq!(code, Some(GOING_AWAY));
    assert_eq!(host.stopped().await, Some(0));
    assert!(begun.elapsed() < STOPPED_WITHIN, "{:?}", begun.elapsed());

    // What was answered is there.
    let host = host.restart().await;
    let there = host.client().as_user(ana.user().clone()).all("/tasks").await;
    let there: std::collections::HashSet<_> = there.iter().map(|task| task["id"].to_string()).collect();
    assert!(created.len() >= CONCURRENT && created.iter().all(|id| there.contains(id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sigterm() {
    stops_on(Signal::Terminate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sigint() {
    stops_on(Signal::Interrupt).await;
}
