//! What a subscriber can not take waits as a dead letter, in nobody's way, until somebody has it delivered again.

use std::path::Path;

use dayloom_tests::{Application, Host, HostOptions, dayloom, eventually, settings_of};
use serde_json::{Value, json};

async fn listed(data: &Path) -> Vec<Value> {
    let output = dayloom(["events", "list", "--data", &data.display().to_string()])
        .await
        .succeeded();
    output
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_event_is_put_aside_and_later_ones_go_on() {
    let mut host = Host::start().await;
    let ana = host.client().sign_up("ana").await;
    let task = ana.create_task(json!({ "title": "before" })).await;
    assert_eq!(host.stop().await, Some(0));
    // As if a producer that is not ours had written it: of our type, with our task's key, and nothing of what must be in it.
    let poisoned = host.database().execute(
        "INSERT INTO host_log (partition, committed_at, event_id, event_type, key, body)
         SELECT partition, committed_at, x'0193A1B2000070008000000000000001', event_type, key, '{\"specversion\":\"1.0\"}'
         FROM host_log WHERE event_type = 'com.todo.task.created'",
    );
    assert_eq!(poisoned, 1);

    host = host.restart().await;
    let id = task["id"].as_str().expect("an id");
    let renamed = ana
        .patch(&ana.own(&format!("/tasks/{id}")), &json!({ "title": "after" }))
        .await;
    assert_eq!(renamed.status, 200, "{renamed:?}");
    eventually("the same task's next event is in the trail", || async {
        let trail = ana.all("/audit-logs").await;
        trail
            .iter()
            .any(|entry| entry["payload"]["title"] == "after")
            .then_some(())
    })
    .await;

    let letters = listed(&host.data()).await;
    let of_audit: Vec<_> = letters.iter().filter(|letter| letter["component"] == "audit").collect();
    let [letter] = of_audit[..] else {
        panic!("one dead letter of the trail was expected: {letters:?}")
    };
    assert_eq!(letter["event_id"], "0193a1b2-0000-7000-8000-000000000001");
    assert_eq!((&letter["attempts"], &letter["key"]), (&json!(1), &json!(id)));
    assert!(
        letter["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
        "{letter}"
    );

    let data = host.data().display().to_string();
    let number = letter["id"].to_string();
    let shown = dayloom(["events", "show", &number, "--data", &data]).await.succeeded();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["event"], json!({ "specversion": "1.0" }));
    assert!(
        dayloom(["events", "show", "999999", "--data", &data])
            .await
            .refusal()
            .contains("999999")
    );

    // What can never be taken is back after a replay, with one attempt more.
    dayloom(["events", "replay", &number, "--data", &data])
        .await
        .succeeded();
    eventually("the replay has failed", || async {
        let letters = listed(&host.data()).await;
        letters
            .into_iter()
            .find(|again| again["id"] == letter["id"] && again["attempts"] == 2)
    })
    .await;
    assert_eq!(host.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_deployment_refused_is_delivered_after_the_repair() {
    let broken = Application::changed(|manifest| {
        settings_of(manifest, "audit").insert("tables".to_owned(), toml::Value::Array(vec!["notifications".into()]));
    });
    let options = HostOptions {
        app: Some(broken.path()),
        ..HostOptions::default()
    };
    let mut host = Host::start_with(options).await;
    let ana = host.client().sign_up("ana").await;
    for n in 0..20 {
        ana.create_task(json!({ "title": format!("task {n}") })).await;
    }
    eventually("every event is a dead letter", || async {
        (listed(&host.data()).await.len() == 20).then_some(())
    })
    .await;

    assert_eq!(host.stop().await, Some(0));
    host = host.restart_with(HostOptions::default()).await;
    assert_eq!(
        ana.all("/audit-logs").await.len(),
        0,
        "nothing is delivered again by itself"
    );
    let data = host.data().display().to_string();
    let asked = dayloom(["events", "replay", "--component", "audit", "--data", &data])
        .await
        .succeeded();
    assert!(asked.starts_with("20 "), "{asked}");
    eventually("no dead letter is left", || async {
        listed(&host.data()).await.is_empty().then_some(())
    })
    .await;
    let mut titles: Vec<_> = ana
        .all("/audit-logs")
        .await
        .iter()
        .map(|entry| entry["payload"]["title"].to_string())
        .collect();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 20);
    assert_eq!(host.stop().await, Some(0));
}
