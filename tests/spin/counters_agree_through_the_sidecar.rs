//! The state store tells of conflicts: an entry that changed is not written over, and concurrent attempts to sign in are
//! counted each, so that the limit is one limit.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::cluster::Cluster;

/// More than any limit of failed attempts.
const ATTEMPTS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_agree_through_the_sidecar() {
    let mut cluster = Cluster::start().await;
    let sidecar = cluster.sidecar("auth");
    let save = |value: &str, etag: &str| {
        let entry = json!([{
            "key": "spin-test", "value": value, "etag": etag,
            "options": { "concurrency": "first-write", "consistency": "strong" },
        }]);
        sidecar
            .request(Method::POST, "/v1.0/state/dayloom-state")
            .json(&entry)
            .send()
    };
    assert_eq!(
        save("one", "0").await.expect("an answer").status(),
        StatusCode::NO_CONTENT
    );
    let stored = sidecar
        .get("/v1.0/state/dayloom-state/spin-test")
        .await
        .expect("an answer");
    let etag = stored.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(
        save("two", &etag).await.expect("an answer").status(),
        StatusCode::NO_CONTENT
    );
    let late = save("three", &etag).await.expect("an answer");
    assert_eq!(late.status(), StatusCode::CONFLICT, "{:?}", late.text().await);

    let ana = cluster.client().sign_up("ana").await;
    let wrong = json!({ "email": ana.user().email, "password": "not the password at all" });
    let anybody = cluster.client();
    let attempts = (0..ATTEMPTS).map(|_| anybody.post("/api/auth/sign-in", &wrong));
    let answers = join_all(attempts).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!(count(401) + count(429), ATTEMPTS, "{answers:?}");
    assert!(
        count(401) > 0 && count(429) > 0,
        "{} refused, {} limited",
        count(401),
        count(429)
    );
    println!(
        "{} attempts reached the password, {} were limited",
        count(401),
        count(429)
    );
    assert!(
        count(401) <= LIMIT,
        "{} attempts passed the limit of {LIMIT}",
        count(401)
    );
    cluster.remove().await;
}

/// What `auth` lets through in a window.
const LIMIT: usize = 10;
