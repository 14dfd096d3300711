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
    Config::parse(text, &environment(entries)).unwrap_err().to_string()
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
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"a\"\n[application.tool.dayloom]\nmigrations = \"m\"\n\
         [application.tool.dayloom.generated_secrets]\nkey = \"key\"\n\
         [variables]\nkey = {{ required = true, secret = true }}\n{variables}"
    );
    Manifest::parse(&text, Path::new(""), &Overrides::default()).unwrap()
}

fn resolve(
    manifest: &Manifest,
    configured: &[(&str, &str)],
    entries: &[(&str, &str)],
    data: &Path,
) -> Result<Variables, ConfigError> {
    Variables::resolve(
        manifest,
        &environment(configured),
        &environment(entries),
        data,
        OwnSecrets::Made,
    )
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
