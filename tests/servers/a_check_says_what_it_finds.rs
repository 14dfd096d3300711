//! `dayloom check` connects to everything, tells what it finds of each, and changes nothing.

use dayloom_tests::{Host, Servers, Tables, dayloom_with};

type Environment = Vec<(String, String)>;

const REDIS_URL: &str = "DAYLOOM_REDIS_URL";

/// The same with another value of one variable.
fn with(environment: &Environment, name: &str, value: &str) -> Environment {
    let others = environment.iter().filter(|(other, _)| other != name).cloned();
    others.chain([(name.to_owned(), value.to_owned())]).collect()
}

/// What it found of one of them.
fn finding<'a>(told: &'a str, name: &str) -> &'a str {
    let mut lines = told.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(of, _)| *of == name);
    found.unwrap_or_else(|| panic!("{name} was expected in: {told}")).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_says_what_it_finds_and_changes_nothing() {
    let servers = Servers::fresh().await;
    let environment = servers.host().env;

    // Twice: what the first one had made, the second would find.
    for _ in 0..2 {
        let told = dayloom_with(["check"], &environment).await.succeeded();
        for name in ["components", "variables", "postgres", "redis"] {
            assert!(finding(&told, name).starts_with("ok, "), "{told}");
        }
        let topics = finding(&told, "kafka");
        assert!(
            topics.starts_with("ok, a start makes the topics ") && topics.contains("task-events"),
            "{told}"
        );
    }
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(servers.tables().await.count(tables).await, 0);

    let mut host = Host::start_with(servers.host()).await;
    assert_eq!(host.stop().await, Some(0));
    let told = dayloom_with(["check"], &environment).await.succeeded();
    assert_eq!(finding(&told, "kafka"), "ok, all topics are there");
    servers.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_names_what_is_away_beside_what_is_there() {
    let servers = Servers::fresh().await;
    // Nothing listens on port 1.
    let environment = with(&servers.host().env, REDIS_URL, "redis://127.0.0.1:1");
    let ended = dayloom_with(["check"], &environment).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("not as it should be: redis"), "{ended:?}");
    assert!(!finding(&ended.stdout, "redis").starts_with("ok"), "{ended:?}");
    for name in ["postgres", "kafka"] {
        assert!(finding(&ended.stdout, name).starts_with("ok, "), "{ended:?}");
    }
    servers.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_refuses_a_configuration_by_the_name_of_its_key() {
    let servers = Servers::fresh().await;
    let key = "DAYLOOM_KAFKA_SESSION_TIMEOUT_MS";
    let refused = dayloom_with(["check"], &with(&servers.host().env, key, "soon"))
        .await
        .refusal();
    assert!(refused.contains(key), "{refused}");
    assert!(!refused.contains("soon"), "a value may be a secret: {refused}");
    servers.remove().await;
}
