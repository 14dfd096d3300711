//! Internal routes are for the sidecar: without its token they are refused. An event that nobody expects is asked for again,
//! because the sidecar would throw away what is answered with 404.

use dayloom_tests::{Client, Tables};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_sidecar_is_obeyed() {
    let cluster = Cluster::start().await;
    // The first use of the database makes its tables.
    cluster.client().sign_up("ana").await;
    let audit = Client::new(cluster.app("audit").address());
    let event = json!({
        "specversion": "1.0", "id": "0197f3a0-0000-7000-8000-000000000003", "source": "test",
        "type": "com.todo.task.created", "data": {},
    });
    for (method, path) in [
        (Method::POST, "/events/task-events"),
        (Method::POST, "/cron"),
        (Method::POST, "/job/anything"),
        (Method::GET, "/dapr/subscribe"),
        (Method::GET, "/dapr/config"),
    ] {
        for token in [None, Some(""), Some("guessed")] {
            let mut request = audit.request(method.clone(), path).json(&event);
            if let Some(token) = token {
                request = request.header("dapr-api-token", token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(
                answer.status(),
                StatusCode::UNAUTHORIZED,
                "{method} {path} with {token:?}"
            );
        }
    }
    let tables = cluster.tables().await;
    assert_eq!(tables.count("SELECT count(*) FROM audit_logs").await, 0);

    // Without a subscription to that topic.
    let answer = cluster
        .as_sidecar("audit", "/events/nobody-asked")
        .header("content-type", "application/cloudevents+json")
        .body(event.to_string())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(told["status"], "RETRY", "{told}");

    let answer = cluster
        .as_sidecar("audit", "/events/task-events")
        .header("content-type", "application/cloudevents+json")
        .body("{}")
        .send()
        .await
        .expect("an answer");
    let told: Value = answer.json().await.expect("JSON");
    assert_eq!(told["status"], "DROP", "{told}");

    // Health needs no token: whoever probes has none.
    let health = audit.request(Method::GET, "/health").send().await.expect("an answer");
    assert_eq!(health.status(), StatusCode::OK);
    drop(tables);
    cluster.remove().await;
}
