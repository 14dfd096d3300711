//! The manifest of one service that is an application of its own, beside a sidecar: made from the root's.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// Services reach each other by their addresses then, and events by the broker: nothing of this kind is answered.
const CHAINED: &str = ".spin.internal";

/// Where a sidecar is, in its pod and where it is started by hand.
const SIDECAR_URL: &str = "http://localhost:3500";

/// What stands in for key-value and, in `auth`, for secrets.
const STATE: (&str, &str) = ("wasi:keyvalue@0.2.0-draft2", "state");
const SECRETS: (&str, &str) = ("wasi:config/store@0.2.0-draft-2024-09-27", "secrets");

/// The text for the service of that id, to stand in `target/spin/<id>/spin.toml`.
pub(super) fn alone(application: &str, id: &str) -> Result<String> {
    let mut manifest: Table = application.parse()?;
    let mut component = take(table(&mut manifest, "component")?, id)?;
    place(&mut component)?;
    let holds_streams = table(&mut component, "variables")?.contains_key("holds_streams");
    let reachable = list(&mut component, "allowed_outbound_hosts")?;
    // An ingress that holds streams asks its own service through Spin who may listen.
    let itself = holds_streams.then(|| format!("http://{id}{CHAINED}"));
    reachable.retain(|host| {
        !host
            .as_str()
            .is_some_and(|host| host.ends_with(CHAINED) && Some(host) != itself.as_deref())
    });
    let has_state = component.contains_key("key_value_stores");
    let variables = used(&component);
    let has_secrets = variables.contains("key_encryption_key");
    let dependencies = component.entry("dependencies").or_insert_with(|| Table::new().into());
    let dependencies = dependencies.as_table_mut().context("`dependencies` is a table")?;
    for ((import, adapter), is_wanted) in [(STATE, has_state), (SECRETS, has_secrets)] {
        if is_wanted {
            dependencies.insert(import.to_owned(), dependency(adapter).into());
        }
    }

    let declared = table(&mut manifest, "variables")?;
    declared.retain(|name, _| variables.contains(name));
    for (_, variable) in declared.iter_mut() {
        // What has to be given may be in the secret store.
        let variable = variable.as_table_mut().context("a variable is a table")?;
        if variable.remove("required").is_some() {
            variable.insert("default".to_owned(), "".into());
        }
    }
    // Without a sidecar the ingress obeys whoever reaches its internal routes. Here all routes can be reached, so it must not
    // be forgotten.
    if let Some(Value::Table(sidecar)) = declared.get_mut("sidecar_url") {
        sidecar.insert("default".to_owned(), SIDECAR_URL.into());
    }
    table(&mut manifest, "application")?.insert("name".to_owned(), id.into());
    let trigger = Table::from_iter([("route".to_owned(), "/...".into()), ("component".to_owned(), id.into())]);
    let triggers = Table::from_iter([("http".to_owned(), Value::Array(vec![trigger.into()]))]);
    manifest.insert("trigger".to_owned(), triggers.into());
    let components = Table::from_iter([(id.to_owned(), component.into())]);
    manifest.insert("component".to_owned(), components.into());
    Ok(format!(
        "# Made from the repository's spin.toml by `cargo xtask build`.\n{manifest}"
    ))
}

/// Paths of the root's folder, from `target/spin/<id>`. The manifest that is mounted is the one beside it.
fn place(component: &mut Table) -> Result<()> {
    let up = |path: &mut Value| {
        if let Value::String(path) = path {
            *path = format!("../../../{path}");
        }
    };
    up(component.get_mut("source").context("a component has a source")?);
    for file in list(component, "files")? {
        file.get_mut("source").into_iter().for_each(up);
    }
    // Our host runs the application from the root's manifest.
    table(table(component, "tool")?, "dayloom")?.remove("service");
    if let Some(Value::Table(dependencies)) = component.get_mut("dependencies") {
        let paths = dependencies
            .iter_mut()
            .filter_map(|(_, dependency)| dependency.get_mut("path"));
        paths.for_each(up);
    }
    Ok(())
}

fn dependency(adapter: &str) -> Table {
    let inherited = ["allowed_outbound_hosts", "environment", "variables"].map(Value::from);
    Table::from_iter([
        ("path".to_owned(), format!("../{adapter}.wasm").into()),
        ("inherit_configuration".to_owned(), Value::Array(inherited.into())),
    ])
}

/// The application variables that a component's texts name.
fn used(component: &Table) -> BTreeSet<String> {
    let text = component.to_string();
    let after = text.split("{{").skip(1);
    after
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
}

fn take(inside: &mut Table, name: &str) -> Result<Table> {
    match inside.remove(name) {
        Some(Value::Table(found)) => Ok(found),
        _ => anyhow::bail!("there is no table `{name}`"),
    }
}

fn table<'a>(inside: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    let found = inside.get_mut(name).and_then(Value::as_table_mut);
    found.with_context(|| format!("there is no table `{name}`"))
}

fn list<'a>(inside: &'a mut Table, name: &str) -> Result<&'a mut Vec<Value>> {
    let found = inside.get_mut(name).and_then(Value::as_array_mut);
    found.with_context(|| format!("there is no list `{name}`"))
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::alone;

    fn made(id: &str) -> Table {
        let text = alone(include_str!("../../../spin.toml"), id).expect("a manifest");
        text.parse().expect("TOML")
    }

    #[test]
    fn a_service_alone_has_every_route_and_its_adapters() {
        let manifest = made("auth");
        assert_eq!(manifest["application"]["name"].as_str(), Some("auth"));
        assert_eq!(manifest["trigger"]["http"][0]["route"].as_str(), Some("/..."));
        let auth = &manifest["component"]["auth"];
        assert_eq!(auth["source"].as_str(), Some("../../../target/spin/auth.wasm"));
        assert_eq!(auth["files"][0].as_str(), Some("spin.toml"));
        assert_eq!(
            auth["files"][1]["source"].as_str(),
            Some("../../../components/migrations")
        );
        let dependencies = auth["dependencies"].as_table().expect("dependencies");
        let adapters: Vec<_> = dependencies.values().filter_map(|it| it["path"].as_str()).collect();
        assert_eq!(adapters.len(), 3, "{adapters:?}");
        assert!(manifest["component"].as_table().expect("components").len() == 1);
        // Events are still mapped to topics by it.
        assert!(manifest["application"]["tool"]["dayloom"]["topics"].is_table());
    }

    #[test]
    fn what_a_service_does_not_use_is_not_asked_for() {
        let manifest = made("recurrence");
        let variables = manifest["variables"].as_table().expect("variables");
        assert!(!variables.contains_key("key_encryption_key") && variables.contains_key("sidecar_url"));
        let dependencies = manifest["component"]["recurrence"]["dependencies"]
            .as_table()
            .expect("dependencies");
        assert_eq!(dependencies.len(), 1, "no key-value");
        let hosts = manifest["component"]["recurrence"]["allowed_outbound_hosts"]
            .as_array()
            .expect("hosts");
        assert!(
            hosts
                .iter()
                .all(|host| !host.as_str().expect("text").contains(".spin.internal"))
        );
        let sidecar = &manifest["variables"]["sidecar_url"]["default"];
        assert_eq!(
            sidecar.as_str(),
            Some("http://localhost:3500"),
            "internal routes need a token"
        );
        let live = made("realtime");
        let hosts = live["component"]["realtime"]["allowed_outbound_hosts"]
            .as_array()
            .expect("hosts");
        assert!(
            hosts.contains(&"http://realtime.spin.internal".into()),
            "it asks itself"
        );
        let key = &made("auth")["variables"]["key_encryption_key"];
        assert_eq!(
            (key["default"].as_str(), key["secret"].as_bool()),
            (Some(""), Some(true))
        );
    }
}
