//! The application's variables, and the templates that use them.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use crate::manifest::Document;

/// The value of every variable of the application: from the command line, the environment, or its default.
pub(crate) fn values(document: &Document, given: &[(String, String)]) -> anyhow::Result<BTreeMap<String, String>> {
    for (name, _) in given {
        let is_known = document.variables.contains_key(name);
        ensure!(is_known, "the manifest has no variable `{name}`");
    }
    document
        .variables
        .iter()
        .map(|(name, variable)| {
            let given = given.iter().rev().find(|(given, _)| given == name);
            let environment = || std::env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())).ok();
            let value = given
                .map(|(_, value)| value.clone())
                .or_else(environment)
                .or_else(|| variable.default.clone())
                .with_context(|| format!("variable `{name}` is required; give it with --variable {name}=…"))?;
            Ok((name.clone(), value))
        })
        .collect()
}

/// A text with every `{{ variable }}` replaced.
pub(crate) fn render(text: &str, values: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").with_context(|| format!("`{text}`: no `}}}}`"))?;
        let name = name.trim();
        let value = values.get(name);
        rendered += before;
        rendered += value.with_context(|| format!("`{text}`: the manifest has no variable `{name}`"))?;
        rest = tail;
    }
    Ok(rendered + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let values = BTreeMap::from([("host".to_owned(), "db".to_owned())]);
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a://{{ host }}:1/{{host}}", "a://db:1/db"),
        ] {
            assert_eq!(render(text, &values).unwrap(), expected);
        }
        assert!(render("{{ other }}", &values).is_err());
        assert!(render("{{ host", &values).is_err());
    }
}
