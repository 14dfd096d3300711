//! A Kafka that wants TLS and a login carries events as one without; and who is refused is told why, before anything starts.

use std::path::Path;

use dayloom_tests::{
    Certificate, Host, HostOptions, KAFKA_PASSWORD, KAFKA_USER, KafkaListener, Server, Servers, dayloom_with,
    eventually, kafka_authority,
};
use serde_json::json;

/// A host that logs in with this password, and believes this authority.
fn host(servers: &Servers, password: &str, authority: &Path) -> HostOptions {
    let [postgres, redis] = [Server::Postgres, Server::Redis].map(Server::address);
    let mut options = servers.host_via(&postgres, &KafkaListener::Login.address(), &redis);
    let settings = [
        ("SASL_MECHANISM", "SCRAM-SHA-512"),
        ("SASL_USERNAME", KAFKA_USER),
        ("SASL_PASSWORD", password),
        ("TLS_CA_FILE", authority.to_str().expect("the path is text")),
    ];
    let settings = settings.map(|(name, value)| (format!("DAYLOOM_KAFKA_{name}"), value.to_owned()));
    options.env.extend(settings);
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_through_a_kafka_with_tls_and_a_login() {
    let servers = Servers::fresh().await;
    let mut host = Host::start_with(host(&servers, KAFKA_PASSWORD, &kafka_authority())).await;
    let ana = host.client().sign_up("ana").await;
    let task = ana.create_task(json!({ "title": "Water the plants" })).await;
    eventually("the creation in the trail", || async {
        let entries = ana.all("/audit-logs?type=com.todo.task.created").await;
        entries.into_iter().find(|entry| entry["task_id"] == task["id"])
    })
    .await;
    // It went that way: the topic has it, for whoever asks the same broker without a login.
    let records = servers.kafka().read("task-events").await;
    let id = task["id"].as_str().expect("an id");
    assert!(records.iter().any(|record| record.value.contains(id)), "{records:?}");
    assert_eq!(host.stop().await, Some(0));
    servers.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_kafka_refuses_and_who_does_not_believe_it_is_told_so() {
    let servers = Servers::fresh().await;
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    let stranger = Certificate::new(folder.path()).await.file;
    let wrong_password = host(&servers, "guessed-by-nobody", &kafka_authority());
    let wrong_authority = host(&servers, KAFKA_PASSWORD, &stranger);
    for (options, reason) in [
        (wrong_password, "Authentication failed"),
        (wrong_authority, "certificate verify failed"),
    ] {
        let ended = dayloom_with(["check"], &options.env).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let kafka = ended.stdout.lines().find(|line| line.starts_with("kafka: "));
        assert!(kafka.is_some_and(|finding| finding.contains(reason)), "{ended:?}");
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains("guessed-by-nobody"), "the password is told: {told}");
    }
    servers.remove().await;
}
