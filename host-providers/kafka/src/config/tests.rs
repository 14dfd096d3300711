use super::KafkaConfig;

const LEAST: &str = "bootstrap_servers = ['a:9092']";

fn parse(text: &str) -> Result<KafkaConfig, String> {
    let config: KafkaConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    config.validate().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn what_is_not_said_has_its_default() {
    let config = parse(LEAST).expect("it is enough");
    assert!(config.create_topics);
    assert_eq!((config.partitions_of("anything"), config.replication_factor), (3, None));
    assert_eq!(
        (config.client_id.as_str(), config.dead_letters_topic.as_str()),
        ("dayloom", "dead-letters")
    );
}

#[test]
fn partitions_are_said_by_topic() {
    let config = parse("bootstrap_servers = ['a:9092']\npartitions_default = 6\n[partitions]\nreminders = 1")
        .expect("it is valid");
    assert_eq!(
        (config.partitions_of("reminders"), config.partitions_of("other")),
        (1, 6)
    );
}

#[test]
fn a_contradiction_names_its_key_and_the_way_out() {
    for (text, key) in [
        ("bootstrap_servers = []", "`bootstrap_servers`"),
        ("bootstrap_servers = ['a']", "`bootstrap_servers`"),
        ("bootstrap_servers = ['a:0']", "`bootstrap_servers`"),
        ("bootstrap_servers = ['kafka://a:9092']", "`bootstrap_servers`"),
        ("bootstrap_servers = ['a:9092,b:9092']", "`bootstrap_servers`"),
        (
            "bootstrap_servers = ['a:9092']\npartitions_default = 0",
            "`partitions_default`",
        ),
        (
            "bootstrap_servers = ['a:9092']\npartitions = { x = 1001 }",
            "`partitions.x`",
        ),
        (
            "bootstrap_servers = ['a:9092']\nreplication_factor = 0",
            "`replication_factor`",
        ),
        ("bootstrap_servers = ['a:9092']\nclient_id = ''", "`client_id`"),
        ("bootstrap_servers = ['a:9092']\ntopic_prefix = 'a b'", "`topic_prefix`"),
        (
            "bootstrap_servers = ['a:9092']\nsession_timeout_ms = 5999",
            "`session_timeout_ms`",
        ),
        (
            "bootstrap_servers = ['a:9092']\npublish_timeout_ms = 300001",
            "`publish_timeout_ms`",
        ),
        (
            "bootstrap_servers = ['a:9092']\ntls = { key_file = '/k' }",
            "`tls.certificate_file`",
        ),
        (
            "bootstrap_servers = ['a:9092']\ntls = { ca_file = '/nowhere/ca.pem' }",
            "`tls.ca_file`",
        ),
        (
            "bootstrap_servers = ['a:9092']\ntls = { key_password = 'x' }",
            "`tls.key_password`",
        ),
        (
            "bootstrap_servers = ['a:9092']\nsasl = { mechanism = 'PLAIN', username = 'u', password = 'p' }",
            "`sasl.mechanism`",
        ),
        (
            "bootstrap_servers = ['a:9092']\nsasl = { mechanism = 'SCRAM-SHA-256', username = '', password = 'p' }",
            "`sasl.username`",
        ),
        ("bootstrap_servers = ['a:9092']\nbroker = 'b'", "`broker`"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.contains(key), "{text}: {error}");
    }
}

#[test]
fn no_secret_is_shown() {
    let config = parse(
        "bootstrap_servers = ['a:9092']\n\
         sasl = { mechanism = 'SCRAM-SHA-512', username = 'u', password = 'hunter2' }",
    )
    .expect("it is valid");
    let shown = format!("{config:?}");
    assert!(shown.contains("ScramSha512") && !shown.contains("hunter2"), "{shown}");
}
