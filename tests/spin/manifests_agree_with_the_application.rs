//! `manifests/dapr` says of topics, scopes and ids what `spin.toml` says, so that neither is changed alone.

use std::collections::{BTreeMap, BTreeSet};

use dayloom_tests::root;
use serde::Deserialize;
use serde_yaml_ng::Value;

/// What daprd hands over at once, at most: the service's own limit of a batch.
const MESSAGES_MAX: i64 = 100;
/// The components with a sidecar, and the other names they may have as ids.
fn services(application: &toml::Table) -> BTreeMap<&str, &toml::Table> {
    let components = application["component"].as_table().expect("a table");
    let with_tool = components.iter().filter_map(|(id, component)| {
        let tool = component.get("tool")?.get("dayloom")?.as_table()?;
        let is_service = ["tables", "subscriptions", "cron"]
            .iter()
            .any(|key| tool.contains_key(*key));
        is_service.then_some((id.as_str(), tool))
    });
    with_tool.collect()
}

fn application() -> toml::Table {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml can be read");
    text.parse().expect("spin.toml is TOML")
}

/// Every document of every file below `manifests/dapr`.
fn documents() -> Vec<(String, Value)> {
    let mut folders = vec![root().join("manifests/dapr")];
    let mut documents = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&path).expect("the file can be read");
                let name = path.display().to_string();
                documents.extend(serde_yaml_ng::Deserializer::from_str(&text).map(|document| {
                    let document = Value::deserialize(document).unwrap_or_else(|error| panic!("{name}: {error}"));
                    (name.clone(), document)
                }));
            }
        }
    }
    documents
}

fn texts(value: &Value) -> BTreeSet<&str> {
    let list = value.as_sequence().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

#[test]
fn subscriptions_are_those_of_the_application() {
    let application = application();
    let mut wanted = BTreeSet::new();
    for (id, tool) in services(&application) {
        let subscriptions = tool.get("subscriptions").and_then(toml::Value::as_array);
        for subscription in subscriptions.into_iter().flatten() {
            let batch = subscription["batch"].as_integer().expect("a number").min(MESSAGES_MAX);
            for topic in subscription["topics"].as_array().expect("a list") {
                wanted.insert((id.to_owned(), topic.as_str().expect("text").to_owned(), batch));
            }
        }
    }
    let mut found = BTreeSet::new();
    for (file, document) in documents() {
        if document["kind"] != "Subscription" {
            continue;
        }
        let spec = &document["spec"];
        let scopes = texts(&document["scopes"]);
        let [id] = scopes.iter().copied().collect::<Vec<_>>()[..] else {
            panic!("{file}: one service a subscription: {scopes:?}");
        };
        let topic = spec["topic"].as_str().expect("a topic");
        assert_eq!(document["metadata"]["name"], format!("{id}-{topic}"), "{file}");
        assert_eq!(spec["pubsubname"], "dayloom-pubsub", "{file}");
        assert_eq!(spec["routes"]["default"], format!("/events/{topic}"), "{file}");
        assert_eq!(spec["deadLetterTopic"], format!("{id}-dead-letters"), "{file}");
        assert_eq!(spec["bulkSubscribe"]["enabled"], true, "{file}");
        let batch = spec["bulkSubscribe"]["maxMessagesCount"].as_i64().expect("a number");
        found.insert((id.to_owned(), topic.to_owned(), batch));
    }
    assert_eq!(found, wanted);
}

#[test]
fn every_resource_is_for_every_service_and_nobody_else() {
    let application = application();
    let mut ids = BTreeSet::new();
    for (id, tool) in services(&application) {
        ids.insert(id);
        let aliases = tool.get("aliases").and_then(toml::Value::as_array);
        ids.extend(aliases.into_iter().flatten().filter_map(toml::Value::as_str));
    }
    let mut resources = 0;
    for (file, document) in documents() {
        if document["kind"] == "Component" || document["kind"] == "Resiliency" {
            assert_eq!(texts(&document["scopes"]), ids, "{file}");
            resources += 1;
        }
    }
    assert!(resources >= 5, "only {resources} resources were found");
}

#[test]
fn names_are_those_that_the_application_asks_for() {
    let application = application();
    let default = |variable: &str| {
        application["variables"][variable]["default"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    let names: BTreeSet<String> = documents()
        .iter()
        .filter(|(_, document)| document["kind"] == "Component")
        .map(|(_, document)| document["metadata"]["name"].as_str().expect("a name").to_owned())
        .collect();
    for name in [
        default("pubsub"),
        default("state_store"),
        "tick".to_owned(),
        "dayloom-secrets".to_owned(),
    ] {
        assert!(names.contains(&name), "{name} is none of {names:?}");
    }
    // The two brokers' variants differ in how they log in, and in nothing else that matters to order or loss.
    let pubsub = |folder: &str| {
        let path = format!("manifests/dapr/{folder}/pubsub.yaml");
        let (_, document) = documents()
            .into_iter()
            .find(|(file, _)| file.ends_with(&path))
            .unwrap_or_else(|| panic!("{path} is missing"));
        let entries = document["spec"]["metadata"].as_sequence().expect("a list").clone();
        let entries = entries.into_iter().filter_map(|entry| {
            let name = entry["name"].as_str()?.to_owned();
            let is_login = ["authType", "disableTls", "skipVerify", "caCert"].contains(&name.as_str());
            (!is_login && !name.starts_with("sasl")).then(|| (name, serde_yaml_ng::to_string(&entry).expect("YAML")))
        });
        entries.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(pubsub("kafka"), pubsub("kafka-sasl"));
}

#[test]
fn one_machine_and_a_cluster_have_the_same_settings_but_for_how_names_are_found() {
    let spec = |name: &str| {
        let file = format!("manifests/dapr/{name}");
        let found = documents().into_iter().find(|(path, _)| path.ends_with(&file));
        let (_, document) = found.unwrap_or_else(|| panic!("{file} is missing"));
        document["spec"].as_mapping().expect("a mapping").clone()
    };
    let mut local = spec("configuration.local.yaml");
    assert!(local.remove("nameResolution").is_some());
    assert_eq!(local, spec("configuration.yaml"));
}
