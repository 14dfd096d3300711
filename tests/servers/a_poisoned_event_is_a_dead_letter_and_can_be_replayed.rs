//! What a foreign producer writes and a component can not take is put aside with its reason, in nobody's way, and delivered
//! again when somebody asks.

use std::collections::BTreeSet;

use dayloom_tests::{Host, Servers, dayloom_with, eventually};
use serde_json::{Value, json};

type Environment = Vec<(String, String)>;

async fn listed(environment: &Environment, component: &str) -> Vec<Value> {
    let output = dayloom_with(["events", "list", "--component", component], environment)
        .await
        .succeeded();
    output
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
        .collect()
}

fn text<'a>(letter: &'a Value, name: &str) -> &'a str {
    letter[name].as_str().expect("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_event_is_a_dead_letter_and_can_be_replayed() {
    let servers = Servers::fresh().await;
    let environment = servers.host().env;
    let mut host = Host::start_with(servers.host()).await;
    let ana = host.client().sign_up("ana").await;
    // No CloudEvent at all, and one of our type that lacks everything a task's event must say.
    let incomplete = json!({
        "specversion": "1.0", "id": "0193a1b2-0000-7000-8000-000000000001", "source": "elsewhere",
        "type": "com.todo.task.created", "time": "2026-01-01T00:00:00Z", "data": {},
    });
    let poison = [("foreign", "this is no event"), ("incomplete", &incomplete.to_string())];
    servers.kafka().write("task-events", &poison).await;

    // In nobody's way: an event in every partition passes.
    for n in 0..12 {
        ana.create_task(json!({ "title": format!("task {n}") })).await;
    }
    eventually("what came later is in the trail", || async {
        (ana.all("/audit-logs").await.len() == 12).then_some(())
    })
    .await;
    let letters = eventually("both are dead letters", || async {
        let letters = listed(&environment, "audit").await;
        (letters.len() == 2).then_some(letters)
    })
    .await;
    for letter in &letters {
        assert_eq!(
            (text(letter, "component"), text(letter, "topic")),
            ("audit", "task-events")
        );
        assert_eq!(
            letter["attempts"], 1,
            "never succeeds, so it is not tried again: {letter}"
        );
        assert!(!text(letter, "reason").is_empty(), "{letter}");
    }
    let keys: BTreeSet<&str> = letters.iter().map(|letter| text(letter, "key")).collect();
    assert_eq!(keys, BTreeSet::from(["foreign", "incomplete"]));

    let one = letters
        .iter()
        .find(|letter| letter["key"] == "incomplete")
        .expect("it is there");
    let number = one["id"].to_string();
    assert_eq!(text(one, "event_id"), "0193a1b2-0000-7000-8000-000000000001");
    let shown = dayloom_with(["events", "show", &number], &environment)
        .await
        .succeeded();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["event"], incomplete);
    let nobody = dayloom_with(["events", "show", "999999"], &environment).await;
    assert!(nobody.refusal().contains("999999"));

    // What can never be taken is back after a replay, as a letter that counts on; the other one stays.
    dayloom_with(["events", "replay", &number], &environment)
        .await
        .succeeded();
    let again = eventually("the replay has failed", || async {
        let letters = listed(&environment, "audit").await;
        letters.into_iter().find(|letter| letter["attempts"] == 2)
    })
    .await;
    assert_eq!(again["first_failed_at_ms"], one["first_failed_at_ms"]);
    assert_eq!(
        (text(&again, "key"), text(&again, "topic")),
        ("incomplete", "task-events")
    );
    let left = listed(&environment, "audit").await;
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(ana.all("/audit-logs").await.len(), 12, "nothing came twice");
    assert_eq!(host.stop().await, Some(0));
    servers.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_broken_deployment_refused_is_delivered_after_the_repair() {
    let servers = Servers::fresh().await;
    let environment = servers.host().env;
    let broken = dayloom_tests::Application::changed(|manifest| {
        dayloom_tests::settings_of(manifest, "audit")
            .insert("tables".to_owned(), toml::Value::Array(vec!["notifications".into()]));
    });
    let mut options = servers.host();
    options.app = Some(broken.path());
    let mut host = Host::start_with(options).await;
    let ana = host.client().sign_up("ana").await;
    let mut created = BTreeSet::new();
    for n in 0..20 {
        let task = ana.create_task(json!({ "title": format!("task {n}") })).await;
        created.insert(text(&task, "id").to_owned());
    }
    eventually("every event is a dead letter", || async {
        (listed(&environment, "audit").await.len() == 20).then_some(())
    })
    .await;
    assert_eq!(host.stop().await, Some(0));

    host = host.restart_with(servers.host()).await;
    let asked = dayloom_with(["events", "replay", "--component", "audit"], &environment).await;
    assert!(asked.succeeded().starts_with("20 "));
    eventually("all are in the trail", || async {
        (ana.all("/audit-logs").await.len() == 20).then_some(())
    })
    .await;
    let told: BTreeSet<String> = ana
        .all("/audit-logs")
        .await
        .iter()
        .map(|entry| text(entry, "task_id").to_owned())
        .collect();
    assert_eq!(told, created);
    assert_eq!(
        listed(&environment, "audit").await,
        Vec::<Value>::new(),
        "no dead letter is left"
    );
    assert_eq!(host.stop().await, Some(0));
    servers.remove().await;
}
