//! The one document: committed as the code describes it, complete, and in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

fn root() -> PathBuf {
    // Tests run in their package's folder.
    PathBuf::from("../..")
}

fn document() -> Value {
    serde_json::to_value(dayloom_openapi::document()).expect("the document is JSON")
}

struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("a path item");
            methods
                .iter()
                .map(move |(method, value)| Operation { path, method, value })
        })
        .collect()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

#[test]
fn the_committed_document_is_what_the_code_describes() {
    let committed = std::fs::read_to_string(root().join("components/web/openapi.json")).expect("it is committed");
    let described = dayloom_openapi::document().to_pretty_json().expect("plain JSON");
    assert!(
        committed == described + "\n",
        "components/web/openapi.json is not what the code describes; run `cargo xtask openapi`"
    );
}

#[test]
fn it_is_openapi_3_1_by_its_own_schema() {
    let document = document();
    assert!(text(&document, "openapi").starts_with("3.1."));
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1.schema.json")).expect("a JSON Schema");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema of a known draft");
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_unused() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().expect("components").keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&reference), "nothing refers to {reference}");
        }
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.insert(reference.to_owned());
            }
            members
                .values()
                .for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

#[test]
fn every_operation_has_a_name_a_tag_and_a_sentence() {
    let document = document();
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| text(tag, "name"))
        .collect();
    let mut ids = BTreeMap::new();
    for operation in operations(&document) {
        let name = operation.name();
        let id = text(operation.value, "operationId");
        assert!(!id.is_empty(), "{name} has no operationId");
        if let Some(other) = ids.insert(id, name.clone()) {
            panic!("{name} and {other} are both called {id}");
        }
        let of = operation.value["tags"].as_array().expect("tags");
        assert!(
            of.len() == 1 && tags.contains(of[0].as_str().expect("a tag is text")),
            "{name}: {of:?}"
        );
        let summary = text(operation.value, "summary");
        assert!(
            !summary.is_empty() && !summary.ends_with('.'),
            "{name}: {summary:?} is no heading"
        );
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            assert!(
                !text(parameter, "description").is_empty(),
                "{name}: {} is not described",
                parameter["name"]
            );
        }
        for (status, response) in operation.value["responses"].as_object().expect("responses") {
            let response = resolved(&document, response);
            assert!(
                !text(response, "description").is_empty(),
                "{name}: {status} is not described"
            );
        }
    }
    let used: BTreeSet<_> = operations(&document)
        .iter()
        .map(|it| it.value["tags"][0].as_str().expect("a tag").to_owned())
        .collect();
    assert_eq!(used, tags.into_iter().map(str::to_owned).collect());
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("references lead somewhere"),
        None => value,
    }
}

/// What anybody may ask, with no credential or with one of its own in the body.
const OPEN: [&str; 3] = ["show_jwks", "sign_in", "sign_up"];

#[test]
fn what_is_protected_says_how() {
    let document = document();
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .expect("security schemes");
    for operation in operations(&document) {
        let name = operation.name();
        let requirements = operation.value["security"].as_array();
        let is_open = OPEN.contains(&text(operation.value, "operationId"));
        assert_eq!(requirements.is_none(), is_open, "{name}");
        for scheme in requirements
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(|it| it.keys())
        {
            assert!(schemes.contains_key(scheme), "{name}: {scheme}");
        }
        if operation.path.contains("{user_id}") {
            let requirements = operation.value["security"].to_string();
            assert!(requirements.contains("bearer"), "{name} takes no access token");
            for status in ["401", "403"] {
                assert!(
                    operation.value["responses"][status].is_object(),
                    "{name} never answers {status}"
                );
            }
        }
    }
}

#[test]
fn every_refusal_is_a_problem_document() {
    let document = document();
    for operation in operations(&document) {
        for (status, response) in operation.value["responses"].as_object().expect("responses") {
            if status.as_str() >= "400" {
                let response = resolved(&document, response);
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(
                    schema,
                    "#/components/schemas/ProblemDocument",
                    "{} {status}",
                    operation.name()
                );
            }
        }
    }
}

/// Routes of the manifest that are not part of the API: the page and this document itself, and the clock that Spin needs.
const PAGES: [&str; 2] = ["/...", "/tick"];

#[test]
fn every_route_of_the_manifest_is_described() {
    let manifest = std::fs::read_to_string(root().join("spin.toml")).expect("the manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let document = document();
    let described: Vec<_> = operations(&document).iter().map(|it| it.path.to_owned()).collect();
    let triggers = manifest["trigger"]["http"].as_array().expect("triggers");
    let routes: Vec<_> = triggers
        .iter()
        .filter_map(|trigger| trigger["route"].as_str())
        .collect();
    for route in routes.iter().filter(|route| !PAGES.contains(route)) {
        assert!(
            described.iter().any(|path| leads_to(route, path)),
            "nothing at {route} is described"
        );
    }
    for path in &described {
        let led = routes
            .iter()
            .any(|route| !PAGES.contains(route) && leads_to(route, path));
        assert!(led, "{path} is described, and no route leads there");
    }
}

/// Whether a route of the manifest (`/api/:user_id/tasks/...`) takes a path of the document (`/api/{user_id}/tasks`).
fn leads_to(route: &str, path: &str) -> bool {
    let (route, is_prefix) = match route.strip_suffix("/...") {
        Some(route) => (route, true),
        None => (route, false),
    };
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (None, Some(_)) => return is_prefix,
            (Some(_), None) => return false,
            (Some(wanted), Some(segment)) => {
                let is_parameter = wanted.starts_with(':') && segment.starts_with('{');
                if !is_parameter && wanted != segment {
                    return false;
                }
            }
        }
    }
}
