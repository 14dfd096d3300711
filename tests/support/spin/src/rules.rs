//! `allowed_outbound_hosts`: where a component may connect to, in Spin's grammar `scheme://host[:port]`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

use crate::variables::render;

/// What one component is allowed.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug, PartialEq)]
struct Rule {
    /// None stands for any.
    scheme: Option<String>,
    host: Host,
    /// None stands for any.
    port: Option<u16>,
}

#[derive(Debug, PartialEq)]
enum Host {
    Any,
    /// `*.example.com`, kept as `.example.com`.
    Below(String),
    Exactly(String),
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "postgres" => Some(5432),
        "redis" => Some(6379),
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

impl Rules {
    /// Reads a component's list. A template that comes to nothing is left out, as Spin does, so that a variable can be
    /// empty.
    pub(crate) fn parse(list: &[String], values: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut rules = Vec::new();
        for text in list {
            let rendered = render(text, values)?;
            if rendered != *text && ["", "http://", "https://"].contains(&rendered.as_str()) {
                continue;
            }
            let rule =
                Rule::parse(&rendered).with_context(|| format!("allowed_outbound_hosts `{text}` → `{rendered}`"))?;
            rules.push(rule);
        }
        Ok(Self(rules))
    }

    /// Whether a connection to that place is allowed; without a port, it is the scheme's own.
    pub(crate) fn allow(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let port = port.or_else(|| default_port(scheme));
        self.0.iter().any(|rule| rule.allows(scheme, host, port))
    }
}

impl Rule {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (scheme, rest) = text
            .split_once("://")
            .context("no scheme; write scheme://host[:port]")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        ensure!(!rest.contains('/'), "has a path");
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        ensure!(!host.is_empty() && !scheme.is_empty(), "has no host or no scheme");
        let host = match host.strip_prefix('*') {
            Some("") => Host::Any,
            Some(below) => {
                ensure!(
                    below.starts_with('.') && !below.contains('*'),
                    "`*` stands for a whole label"
                );
                Host::Below(below.to_ascii_lowercase())
            }
            None => Host::Exactly(host.to_ascii_lowercase()),
        };
        let port = match port {
            Some("*") => None,
            Some(number) => Some(number.parse().context("the port is no number")?),
            None => Some(default_port(scheme).context("names no port, and its scheme has no usual one")?),
        };
        let scheme = (scheme != "*").then(|| scheme.to_owned());
        Ok(Self { scheme, host, port })
    }

    fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let host = host.to_ascii_lowercase();
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && match &self.host {
                Host::Any => true,
                Host::Below(suffix) => host.ends_with(suffix),
                Host::Exactly(name) => *name == host,
            }
            && (self.port.is_none() || self.port == port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(list: &[&str]) -> anyhow::Result<Rules> {
        let values = BTreeMap::from([
            ("empty".to_owned(), String::new()),
            ("database".to_owned(), "db:1234".to_owned()),
        ]);
        let list: Vec<_> = list.iter().map(|text| (*text).to_owned()).collect();
        Rules::parse(&list, &values)
    }

    #[test]
    fn a_rule_allows_its_places_and_no_others() {
        for (rule, scheme, host, port, allowed) in [
            ("http://a.spin.internal", "http", "A.spin.internal", None, true),
            ("http://a.spin.internal", "http", "b.spin.internal", None, false),
            ("http://*.spin.internal", "http", "b.spin.internal", None, true),
            ("http://a", "http", "a", Some(81), false),
            ("http://a:*", "http", "a", Some(81), true),
            ("http://localhost:3500", "http", "localhost", Some(3500), true),
            ("postgres://{{ database }}", "postgres", "db", Some(1234), true),
            ("postgres://{{ database }}", "postgres", "db", None, false),
            ("postgres://db", "postgres", "db", Some(5432), true),
            ("redis://db", "http", "db", Some(6379), false),
        ] {
            assert_eq!(
                rules(&[rule]).unwrap().allow(scheme, host, port),
                allowed,
                "{rule} {host}"
            );
        }
    }

    #[test]
    fn an_empty_variable_allows_nothing_and_is_no_error() {
        let rules = rules(&["{{ empty }}", "http://{{ empty }}"]).unwrap();
        assert!(rules.0.is_empty());
    }

    #[test]
    fn malformed_rules_are_refused() {
        for rule in ["", "localhost", "postgres://{{ empty }}", "http://a/b", "other://a"] {
            assert!(rules(&[rule]).is_err(), "{rule}");
        }
    }
}
