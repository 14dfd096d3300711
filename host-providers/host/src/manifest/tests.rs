use std::path::Path;

use super::*;

const MANIFEST: &str = r#"
spin_manifest_version = 2
authors = ["tolerated, as it is Spin's"]

[application]
name = "app"
[application.tool.other]
anything = true
[application.tool.dayloom]
migrations = "sql"
[application.tool.dayloom.topics]
"a.*" = ["one", "two"]
"b.done" = ["three"]
[application.tool.dayloom.generated_secrets]
key = "signing.key"

[variables]
key = { required = true, secret = true }
host = { default = "example.com" }

[[trigger.http]]
route = "/first/..."
component = "first"
[[trigger.http]]
route = { private = true }
component = "second"

[component.first]
source = "first.wasm"
key_value_stores = ["default"]
allowed_outbound_hosts = ["https://{{ host }}"]
files = ["tolerated"]
sqlite_databases = ["tolerated"]
[component.first.dependencies]
"some:package/interface@0.1.0" = { path = "tolerated.wasm", inherit_configuration = ["variables"] }
[component.first.build]
command = "tolerated"
[component.first.variables]
both = "{{ key }}@{{ host }}"
[component.first.tool.dayloom]
tables = ["things"]
publishes = ["a.*"]
aliases = ["uno"]
[[component.first.tool.dayloom.subscriptions]]
topics = ["one"]
types = ["a.made"]
batch = 10
[component.first.tool.dayloom.cron]
sweep = 60

[component.second]
source = "second.wasm"
"#;

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(text, Path::new("/app/spin.toml"), &Overrides::default())
}

/// The error of the manifest with one piece of text replaced.
fn refusal(from: &str, to: &str) -> String {
    assert!(MANIFEST.contains(from), "{from}");
    parse(&MANIFEST.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_manifest_is_read_whole() {
    let manifest = parse(MANIFEST).unwrap();
    assert_eq!(manifest.migrations, Path::new("/app/sql"));
    assert_eq!(manifest.topics.topics_of("a.made"), ["one", "two"]);
    let first = manifest.component("uno").unwrap();
    assert_eq!(&*first.id, "first");
    assert_eq!(first.source, Path::new("/app/first.wasm"));
    assert_eq!(first.cron["sweep"].get(), 60);
    let [subscription] = &first.subscriptions[..] else {
        panic!("one subscription")
    };
    assert_eq!((subscription.batch, subscription.attempts_max), (10, 8));
    let target = manifest
        .routes
        .target("/first/x")
        .map(|index| &*manifest.components[*index].id);
    assert_eq!(target, Some("first"));
    assert_eq!(manifest.routes.target("/second"), None, "private");
}

#[test]
fn this_host_runs_the_component_without_spins_adapters() {
    let ours = "service = \"service.wasm\"\nallowed_outbound_hosts = [\"http://second.spin.internal\"]\ntables =";
    let manifest = parse(&MANIFEST.replacen("tables =", ours, 1)).unwrap();
    let first = manifest.component("first").unwrap();
    assert_eq!(first.source, Path::new("/app/service.wasm"));
    let hosts: Vec<_> = first
        .allowed_outbound_hosts
        .iter()
        .map(|host| host.render(&BTreeMap::new()).unwrap())
        .collect();
    assert_eq!(hosts, ["http://second.spin.internal"]);
}

#[test]
fn a_component_of_spin_alone_is_not_there() {
    let alone = "source = \"second.wasm\"\n[component.second.tool.dayloom]\nspin_only = true";
    let text = MANIFEST.replacen("source = \"second.wasm\"", alone, 1);
    let text = text.replacen("{ private = true }", "\"/second\"", 1);
    let manifest = parse(&text).unwrap();
    assert!(manifest.component("second").is_none());
    assert_eq!(manifest.routes.target("/second"), None);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_key_and_a_remedy() {
    for (from, to, key, remedy) in [
        (
            "spin_manifest_version = 2",
            "spin_manifest_version = 1",
            "spin_manifest_version",
            "must be 2",
        ),
        ("migrations = \"sql\"", "", "tool.dayloom.migrations", "name the folder"),
        ("\"a.*\"", "\"a.*.b\"", "topics.\"a.*.b\"", "only at the end"),
        ("\"two\"]", "\"t wo\"]", "topics.\"a.*\"", "no topic name"),
        (
            "key = \"signing.key\"",
            "missing = \"signing.key\"",
            "generated_secrets.missing",
            "declare `missing",
        ),
        (
            "key = \"signing.key\"",
            "key = \"../key\"",
            "generated_secrets.key",
            "no plain file name",
        ),
        (
            "host = { default = \"example.com\" }",
            "host = {}",
            "variables.host",
            "either `default",
        ),
        (
            "component = \"first\"",
            "component = \"third\"",
            "trigger.http[0].component",
            "add [component.third]",
        ),
        ("\"/first/...\"", "\"first\"", "trigger.http[0].route", "write `/text`"),
        (
            "{ private = true }",
            "\"/first/...\"",
            "trigger.http[1].route",
            "matches the same paths",
        ),
        (
            "{ private = true }",
            "{ private = false }",
            "trigger.http[1].route",
            "write a path",
        ),
        (
            "{{ host }}\"]",
            "{{ port }}\"]",
            "component.first.allowed_outbound_hosts",
            "no variable `port`",
        ),
        (
            "@{{ host }}",
            "@{{ host",
            "component.first.variables.both",
            "without `}}`",
        ),
        (
            "aliases = [\"uno\"]",
            "aliases = [\"second\"]",
            "component.first.tool.dayloom.aliases",
            "choose another",
        ),
        (
            "topics = [\"one\"]",
            "topics = [\"four\"]",
            "subscriptions[0].topics",
            "nothing is published to `four`",
        ),
        (
            "topics = [\"one\"]",
            "topics = []",
            "subscriptions[0].topics",
            "at least one",
        ),
        ("batch = 10", "batch = 0", "subscriptions[0].batch", "1 to 1000"),
        ("batch = 10", "batch = 1001", "subscriptions[0].batch", "1 to 1000"),
        (
            "batch = 10",
            "batch = 10\nattempts_max = 0",
            "subscriptions[0].attempts_max",
            "1 to 100",
        ),
        (
            "sweep = 60",
            "sweep = 0",
            "component.first.tool.dayloom.cron.sweep",
            "1 to 86400",
        ),
        (
            "sweep = 60",
            "sweep = 86401",
            "component.first.tool.dayloom.cron.sweep",
            "1 to 86400",
        ),
    ] {
        let error = refusal(from, to);
        assert!(error.contains(key) && error.contains(remedy), "{to}: {error}");
    }
}

#[test]
fn a_typing_error_in_our_own_tables_is_refused_with_its_line() {
    for (from, to, named) in [
        ("migrations =", "migration =", "migration"),
        ("batch = 10", "batches = 10", "batches"),
        ("aliases =", "alias =", "alias"),
        ("batch = 10", "batch = \"ten\"", "invalid type"),
    ] {
        let error = refusal(from, to);
        let line = MANIFEST.split(from).next().unwrap().matches('\n').count() + 1;
        let place = format!("/app/spin.toml:{line}: ");
        assert!(error.starts_with(&place) && error.contains(named), "{to}: {error}");
    }
}

#[test]
fn the_configuration_replaces_topics_and_subscriptions() {
    let entry = SubscriptionEntry {
        topics: vec!["made".to_owned()],
        types: vec![],
        batch: 5,
        attempts_max: 3,
    };
    let overrides = Overrides {
        topics: Some(BTreeMap::from([("a.made".to_owned(), vec!["made".to_owned()])])),
        subscriptions: BTreeMap::from([("first".to_owned(), vec![entry.clone()])]),
        ..Overrides::default()
    };
    let manifest = Manifest::parse(MANIFEST, Path::new(""), &overrides).unwrap();
    assert_eq!(manifest.topics.topics_of("a.made"), ["made"]);
    assert_eq!(manifest.component("first").unwrap().subscriptions[0].topics, ["made"]);

    let overrides = Overrides {
        subscriptions: BTreeMap::from([("third".to_owned(), vec![entry])]),
        ..overrides
    };
    let error = Manifest::parse(MANIFEST, Path::new(""), &overrides)
        .unwrap_err()
        .to_string();
    assert!(error.contains("subscriptions.third"), "{error}");
}

#[test]
fn a_host_runs_the_components_it_is_told_to() {
    let only = |name: &str| Overrides {
        components: Some([name.to_owned()].into()),
        ..Overrides::default()
    };
    let manifest = Manifest::parse(MANIFEST, Path::new(""), &only("second")).unwrap();
    assert_eq!(manifest.components.len(), 1);
    let elsewhere = manifest.routes.target("/first/x").unwrap();
    assert!(
        manifest.components.get(*elsewhere).is_none(),
        "its route leads nowhere here"
    );
    let error = Manifest::parse(MANIFEST, Path::new(""), &only("third"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("`third`") && error.contains("first, second"), "{error}");
}

#[test]
fn the_repositorys_own_manifest_is_valid() {
    // Tests run in their package's folder.
    let path = Path::new("../../spin.toml");
    let manifest = Manifest::load(path, &Overrides::default()).unwrap();
    let tasks = manifest.component("backend-api").unwrap();
    assert_eq!(tasks.source, Path::new("../../target/components/tasks.wasm"));
    assert!(manifest.component("ticker").is_none());
}
