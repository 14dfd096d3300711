//! What the API document promises of each operation. A status that comes or goes is a change for clients.

use std::collections::BTreeMap;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(dayloom_auth::openapi()).expect("a document is JSON")
}

/// `(path, method)` to its operation.
fn operations(document: &Value) -> BTreeMap<(&str, &str), &Value> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().expect("a path item");
            item.iter()
                .map(move |(method, operation)| ((path.as_str(), method.as_str()), operation))
        })
        .collect()
}

#[test]
fn every_operation_tells_all_its_answers() {
    let document = document();
    let answers: BTreeMap<_, _> = operations(&document)
        .into_iter()
        .map(|(operation, value)| {
            let statuses = value["responses"].as_object().expect("responses").keys();
            (operation, statuses.map(String::as_str).collect::<Vec<_>>().join(" "))
        })
        .collect();
    let expected = [
        (("/api/auth/jwks", "get"), "200 304 503"),
        (("/api/auth/session", "get"), "200 401 503"),
        (("/api/auth/sessions", "get"), "200 401 422 503"),
        (("/api/auth/sessions/{id}", "delete"), "204 401 403 404 503"),
        (("/api/auth/sign-in", "post"), "200 400 401 403 413 415 422 429 503"),
        (("/api/auth/sign-out", "post"), "204 403 503"),
        (("/api/auth/sign-up", "post"), "201 400 403 409 413 415 422 429 503"),
        (("/api/auth/token", "post"), "200 401 403 503"),
    ];
    assert_eq!(
        answers,
        expected
            .map(|(operation, statuses)| (operation, statuses.to_owned()))
            .into()
    );
}

#[test]
fn every_refusal_is_a_problem_document() {
    let document = document();
    assert!(document["components"]["schemas"]["ProblemDocument"].is_object());
    for (operation, value) in operations(&document) {
        for (status, response) in value["responses"].as_object().expect("responses") {
            if status.as_str() >= "400" {
                // What routes share stands once, among the components.
                let response = match response["$ref"].as_str() {
                    Some(reference) => document.pointer(&reference[1..]).expect("references lead somewhere"),
                    None => response,
                };
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ProblemDocument", "{operation:?} {status}");
            }
        }
    }
}

#[test]
fn what_needs_a_session_says_so() {
    let document = document();
    assert!(document["components"]["securitySchemes"]["session_cookie"].is_object());
    for (operation, value) in operations(&document) {
        let open = ["jwks", "sign-in", "sign-up"]
            .iter()
            .any(|it| operation.0.ends_with(it));
        assert_eq!(value["security"].is_null(), open, "{operation:?}");
    }
}
