//! While PostgreSQL is away, whoever needs it is told to come again, at once and in the usual form; the hosts stay, and go on
//! by themselves when it is back.

use std::time::{Duration, Instant};

use dayloom_tests::{Answer, Client, Host, Server, Servers, eventually};
use serde_json::json;

/// A refusal is no time-out: it takes less than this. The connect time-out of the pool is 5 s.
const REFUSED_WITHIN: Duration = Duration::from_secs(8);

fn assert_polite(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(
        answer
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds > 0),
        "{answer:?}"
    );
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    assert_eq!(answer.json["status"], 503, "{answer:?}");
    assert!(
        answer.json["detail"].is_string() || answer.json["title"].is_string(),
        "{answer:?}"
    );
    let text = answer.json.to_string();
    assert!(!text.contains("postgres") && !text.contains("127.0.0.1"), "{text}");
}

async fn ready(client: &Client) -> u16 {
    client.get("/health/ready").await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_refused_politely_without_postgresql() {
    let servers = Servers::alone().await;
    let mut host = Host::start_with(servers.host()).await;
    let ana = host.client().sign_up("ana").await;
    let task = ana.create_task(json!({ "title": "before" })).await;
    let path = ana.own(&format!("/tasks/{}", task["id"].as_str().expect("an id")));

    Server::Postgres.stop().await;
    let begun = Instant::now();
    let body = json!({ "title": "while it is away" });
    let sign_in = json!({ "email": ana.user().email, "password": "whatever it may be" });
    for answer in [
        ana.post(&ana.own("/tasks"), &body).await,
        ana.patch(&path, &body).await,
        ana.delete(&path).await,
        ana.get(&path).await,
        ana.get(&ana.own("/tasks")).await,
        ana.get(&ana.own("/audit-logs")).await,
        ana.get(&ana.own("/notifications")).await,
        host.client().post("/api/auth/sign-in", &sign_in).await,
    ] {
        assert_polite(&answer);
    }
    assert!(
        begun.elapsed() < REFUSED_WITHIN * 8,
        "refusals took {:?}",
        begun.elapsed()
    );
    assert_eq!(ana.get("/health").await.status, 200, "the process lives");
    assert_eq!(ready(&ana).await, 503);

    Server::Postgres.start().await;
    eventually("it is ready again", || async {
        (ready(&ana).await == 200).then_some(())
    })
    .await;
    let after = ana.create_task(json!({ "title": "after" })).await;
    eventually("both tasks are in the trail", || async {
        let trail = ana.all("/audit-logs").await;
        let has = |id: &serde_json::Value| trail.iter().any(|entry| entry["task_id"] == *id);
        (has(&task["id"]) && has(&after["id"])).then_some(())
    })
    .await;
    assert_eq!(ana.all("/tasks").await.len(), 2, "nothing refused was done");
    assert_eq!(host.stop().await, Some(0));
    servers.remove().await;
}
