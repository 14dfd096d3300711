use std::path::Path;

use super::*;
use crate::manifest::Manifest;

fn environment(entries: &[(&str, &str)]) -> Environment {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn refusal(text: &str, entries: &[(&str, &str)]) -> String {
    let servers = Config::parse(text, &environment(entries)).and_then(|config| config.servers());
    servers.unwrap_err().to_string()
}

#[test]
fn an_empty_configuration_is_the_default() {
    let config = Config::parse("", &Environment::new()).unwrap();
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    assert!(config.servers().unwrap().is_none());
    assert_eq!(Limits::default().check(), Ok(()));
}

#[test]
fn the_environment_lies_over_the_file() {
    let text = "trusted_proxies = [\"10.0.0.0/8\"]\n[limits]\ninstances_max = 4\ncall_depth_max = 3";
    let over = [
        ("DAYLOOM_LIMITS_INSTANCES_MAX", "5"),
        ("DAYLOOM_TRUSTED_PROXIES", "192.168.0.0/16, ::1/128"),
        ("DAYLOOM_ALLOWED_ORIGINS", "https://app.example.com"),
        ("HOME", "/elsewhere"),
    ];
    let config = Config::parse(text, &environment(&over)).unwrap();
    assert_eq!((config.limits.instances_max, config.limits.call_depth_max), (5, 3));
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.allowed_origins, ["https://app.example.com"]);
}

#[test]
fn unknown_keys_and_senseless_values_are_named() {
    for (text, entries, named) in [
        ("limit = 1", &[][..], "limit"),
        ("[limits]\ninstances = 1", &[], "instances"),
        (
            "[limits]\ninstances_max = 0",
            &[],
            "limits.instances_max must be at least 1",
        ),
        (
            "[limits]\nrequest_head_bytes_max = 8191",
            &[],
            "limits.request_head_bytes_max must be at least 8192",
        ),
        (
            "[limits]\ncall_stream_ms_max = 10",
            &[],
            "limits.call_stream_ms_max must be at least call_ms_max",
        ),
        ("trusted_proxies = [\"everyone\"]", &[], "invalid"),
        (
            "",
            &[("DAYLOOM_LIMITS_INSTANCES_MAX", "many")],
            "DAYLOOM_LIMITS_INSTANCES_MAX",
        ),
        ("", &[("DAYLOOM_LIMITS_INSTANCES", "1")], "instances"),
    ] {
        let error = refusal(text, entries);
        assert!(error.contains(named), "{text} {entries:?}: {error}");
    }
}

#[test]
fn secrets_show_neither_in_errors_nor_in_debug_output() {
    assert!(!refusal("[variables]\npassword = \"hunter2\" oops", &[]).contains("hunter2"));
    assert!(!refusal("[variables]\npassword = [\"hunter2\"]", &[]).contains("hunter2"));
    let config = Config::parse("[variables]\npassword = \"hunter2\"", &Environment::new()).unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("password") && !shown.contains("hunter2"), "{shown}");
}

fn manifest(variables: &str) -> Manifest {
    let names = variables.lines().filter_map(|line| line.split_once(" ="));
    let used: String = names
        .map(|(name, _)| format!("{name} = \"{{{{ {name} }}}}\"\n"))
        .collect();
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"a\"\n[application.tool.dayloom]\nmigrations = \"m\"\n\
         [application.tool.dayloom.generated_secrets]\nkey = \"key\"\n\
         [variables]\nkey = {{ required = true, secret = true }}\n{variables}\n\
         [component.c]\nsource = \"c.wasm\"\n[component.c.variables]\nkey = \"{{{{ key }}}}\"\n{used}"
    );
    Manifest::parse(&text, Path::new(""), &Overrides::default()).unwrap()
}

fn resolve(
    manifest: &Manifest,
    configured: &[(&str, &str)],
    entries: &[(&str, &str)],
    data: &Path,
) -> Result<Variables, ConfigError> {
    let config = Config {
        variables: environment(configured),
        ..Config::default()
    };
    Variables::resolve(manifest, &config, &environment(entries), data)
}

#[test]
fn a_variable_comes_from_the_first_place_that_has_it() {
    let data = tempfile::tempdir().unwrap();
    let manifest = manifest("mode = { default = \"d\" }");
    let ours = ("DAYLOOM_VARIABLE_MODE", "ours");
    let spins = ("SPIN_VARIABLE_MODE", "spins");
    for (configured, entries, expected) in [
        (&[][..], &[][..], "d"),
        (&[("mode", "file")], &[], "file"),
        (&[("mode", "file")], &[spins], "spins"),
        (&[("mode", "file")], &[spins, ours], "ours"),
    ] {
        let variables = resolve(&manifest, configured, entries, data.path()).unwrap();
        assert_eq!(variables.values()["mode"], expected);
    }
}

#[test]
fn a_secret_is_made_only_where_none_is_given() {
    let data = tempfile::tempdir().unwrap();
    let manifest = manifest("");
    let given = resolve(&manifest, &[], &[("DAYLOOM_VARIABLE_KEY", "given")], data.path()).unwrap();
    assert_eq!(given.values()["key"], "given");
    assert!(!data.path().join("secrets").exists());
    let made = resolve(&manifest, &[], &[], data.path()).unwrap();
    assert_eq!(made, resolve(&manifest, &[], &[], data.path()).unwrap());
    assert!(!format!("{made:?}").contains(&made.values()["key"]));
}

#[test]
fn what_only_components_elsewhere_use_is_not_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n\
                [application.tool.dayloom]\nmigrations = \"m\"\n[variables]\nkey = { required = true }\n\
                [component.here]\nsource = \"here.wasm\"\n\
                [component.there]\nsource = \"there.wasm\"\n[component.there.variables]\nkey = \"{{ key }}\"\n";
    let of = |component: &str| {
        let components = Some([component.to_owned()].into());
        Manifest::parse(
            text,
            Path::new(""),
            &Overrides {
                components,
                ..Overrides::default()
            },
        )
        .unwrap()
    };
    assert!(resolve(&of("here"), &[], &[], data.path()).unwrap().values().is_empty());
    assert!(resolve(&of("there"), &[], &[], data.path()).is_err());
    // It is known all the same.
    resolve(&of("here"), &[("key", "x")], &[], data.path()).unwrap();
}

#[test]
fn missing_and_unknown_variables_are_named() {
    let data = tempfile::tempdir().unwrap();
    let missing = resolve(&manifest("host = { required = true }"), &[], &[], data.path())
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("`host`") && missing.contains("DAYLOOM_VARIABLE_HOST"),
        "{missing}"
    );
    let unknown = resolve(&manifest(""), &[("hots", "x")], &[], data.path())
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("`hots`"), "{unknown}");
}

const SERVERS: [(&str, &str); 3] = [
    ("DAYLOOM_POSTGRES_URL", "postgres://app@db.example/app"),
    ("DAYLOOM_KAFKA_BOOTSTRAP_SERVERS", "a:9092, b:9092"),
    ("DAYLOOM_REDIS_URL", "redis://cache.example"),
];

#[test]
fn servers_come_from_the_environment_and_their_secrets_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let file = file.display().to_string();
    let entries = [
        ("DAYLOOM_POSTGRES_PASSWORD_FILE", file.as_str()),
        ("DAYLOOM_POSTGRES_READ_CONNECTIONS", "3"),
        ("DAYLOOM_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        ("DAYLOOM_KAFKA_SASL_USERNAME", "app"),
        ("DAYLOOM_KAFKA_SASL_PASSWORD", "12345"),
        ("DAYLOOM_KAFKA_CREATE_TOPICS", "false"),
        ("DAYLOOM_REDIS_CONNECT_MS_MAX", "77"),
    ];
    let text = "[postgres]\ntls = \"off\"\nread_connections = 9\n[redis]\nprefix = \"todo\"";
    let config = Config::parse(text, &environment(&[&SERVERS[..], &entries].concat())).unwrap();
    let servers = config.servers().unwrap().unwrap();
    assert_eq!(servers.postgres.read_connections, 3);
    assert!(servers.postgres.password.is_some());
    assert_eq!(servers.kafka.bootstrap_servers, ["a:9092", "b:9092"]);
    assert!(servers.kafka.sasl.is_some() && !servers.kafka.create_topics);
    assert_eq!(
        (servers.redis.prefix.as_str(), servers.redis.connect_ms_max),
        ("todo", 77)
    );
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("12345"), "{shown}");
}

#[test]
fn servers_that_make_no_sense_are_refused_without_their_values() {
    let all = |more: &[(&'static str, &'static str)]| [&SERVERS[..], more].concat();
    for (text, entries, named) in [
        ("", SERVERS[..1].to_vec(), "add [kafka] and [redis]"),
        (
            "",
            all(&[("DAYLOOM_KAFKA_BOOTSTRAP_SERVERS", "a")]),
            "[kafka] of the configuration: `bootstrap_servers`",
        ),
        ("", all(&[("DAYLOOM_POSTGRES_HOST", "x")]), "unknown field `host`"),
        (
            "",
            all(&[("DAYLOOM_POSTGRES_READ_CONNECTIONS", "many")]),
            "DAYLOOM_POSTGRES_READ_CONNECTIONS",
        ),
        (
            "",
            all(&[("DAYLOOM_KAFKA_CREATE_TOPICS", "perhaps")]),
            "neither true nor false",
        ),
        ("[postgres]\npassword = 123456", all(&[]), "expected"),
        ("[postgres]\npassword_file = \"/nowhere/hunter2\"", all(&[]), "/nowhere"),
        ("postgres = 1", all(&[]), "postgres"),
        ("application_url = \"example.com/x\"", vec![], "`application_url`"),
    ] {
        let error = refusal(text, &entries);
        assert!(
            error.contains(named) && !error.contains("123456"),
            "{text} {entries:?}: {error}"
        );
    }
}

#[test]
fn hosts_that_share_servers_make_no_secret_of_their_own() {
    let data = tempfile::tempdir().unwrap();
    let manifest = manifest("");
    let shared = Config::parse("", &environment(&SERVERS)).unwrap();
    let resolve = |entries: &[(&str, &str)]| Variables::resolve(&manifest, &shared, &environment(entries), data.path());
    let error = resolve(&[]).unwrap_err().to_string();
    assert!(error.contains("DAYLOOM_VARIABLE_KEY_FILE"), "{error}");
    let file = data.path().join("shared");
    std::fs::write(&file, " secret\n").unwrap();
    let path = file.display().to_string();
    let given = resolve(&[("DAYLOOM_VARIABLE_KEY_FILE", path.as_str())]).unwrap();
    assert_eq!(given.values()["key"], "secret");
    // What an embedded host made on this data before it moved to servers.
    Variables::resolve(&manifest, &Config::default(), &Environment::new(), data.path()).unwrap();
    resolve(&[]).unwrap();
}

#[test]
fn a_part_of_the_components_needs_servers_and_the_whole() {
    let part = ["tasks".to_owned()].into();
    let embedded = Config::default();
    assert!(matches!(embedded.check_part(), Err(ConfigError::Part)));
    let shared = [&SERVERS[..], &[("DAYLOOM_APPLICATION_URL", "http://proxy:8080")]].concat();
    let shared = Config::parse("", &environment(&shared)).unwrap();
    shared.check_part().unwrap();
    assert_eq!(shared.overrides(Some(&part)).components, Some(part));
}
