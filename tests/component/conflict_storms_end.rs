//! Somebody else is always faster: a change is made again on the newer state, not for ever, and never over it.

use futures::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::ports::Fault;
use crate::rig::{Answer, Rig, User};

/// Somebody else's change of every task.
const RIVAL: &str = "UPDATE tasks SET sequence = sequence + 1";
/// Changes at once, fewer than a change has attempts.
const AT_ONCE: usize = 10;

struct Contest {
    rig: Rig,
    user: User,
    path: String,
}

impl Contest {
    async fn new() -> Self {
        let rig = Rig::new();
        let user = rig.sign_up().await;
        let tasks = format!("/api/{}/tasks", user.id);
        let task = rig
            .send(
                "tasks",
                Some(&user),
                (Method::POST, &tasks),
                &[],
                Some(&json!({ "title": "t" })),
            )
            .await;
        let path = format!("{tasks}/{}", task.json["id"].as_str().expect("an id"));
        Self { rig, user, path }
    }

    async fn change(&self, headers: &[(&str, &str)], change: &Value) -> Answer {
        let request = (Method::PATCH, self.path.as_str());
        self.rig
            .send("tasks", Some(&self.user), request, headers, Some(change))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_again_on_the_newer_state() {
    let contest = Contest::new().await;
    contest
        .rig
        .storage
        .set("tasks", Some(Fault::Rival(5, RIVAL.to_owned())));
    let answer = contest.change(&[], &json!({ "title": "mine" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json["sequence"], 7, "created as 1, five rivals, and this one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_named_version_is_given_up_at_once() {
    let contest = Contest::new().await;
    contest
        .rig
        .storage
        .set("tasks", Some(Fault::Rival(1, RIVAL.to_owned())));
    let answer = contest
        .change(&[("if-match", "\"1\"")], &json!({ "title": "mine" }))
        .await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{answer:?}");
    assert_eq!(
        contest
            .rig
            .storage
            .count("tasks", "SELECT count(*) FROM tasks WHERE title = 't'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_storm_is_a_conflict() {
    let contest = Contest::new().await;
    contest
        .rig
        .storage
        .set("tasks", Some(Fault::Rival(u32::MAX, RIVAL.to_owned())));
    let answer = contest.change(&[], &json!({ "title": "mine" })).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(
        contest
            .rig
            .storage
            .count("tasks", "SELECT count(*) FROM tasks WHERE title = 't'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_are_all_made() {
    let contest = Contest::new().await;
    let changes: Vec<_> = (0..AT_ONCE)
        .map(|n| json!({ "description": format!("change {n}") }))
        .collect();
    let answers = join_all(changes.iter().map(|change| contest.change(&[], change))).await;
    let mut sequences: Vec<_> = answers.iter().map(|answer| answer.json["sequence"].as_u64()).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (2..2 + AT_ONCE as u64).map(Some).collect::<Vec<_>>());
}
