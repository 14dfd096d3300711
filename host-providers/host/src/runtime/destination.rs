//! `allowed_outbound_hosts`: what a rule allows, by Spin's grammar `scheme://host[:port]`.

use http::Uri;

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Destination<'a> {
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
    pub(super) port: u16,
}

impl<'a> Destination<'a> {
    /// The destination of an absolute URI; none if it has no scheme with a known port and no host.
    pub(super) fn of(uri: &'a Uri) -> Option<Self> {
        let scheme = uri.scheme_str()?;
        let port = uri.port_u16().or_else(|| default_port(scheme))?;
        uri.host().map(|host| Self { scheme, host, port })
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// One allowed destination, or a family of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    scheme: Option<String>,
    host: Host,
    port: Port,
}

#[derive(Debug, Clone, PartialEq)]
enum Host {
    Any,
    /// `*.example.com`, kept as `.example.com`: names below it, not the name itself.
    Below(String),
    Exactly(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Port {
    Any,
    /// The one of the request's scheme.
    Default,
    Exactly(u16),
}

impl Rule {
    /// Reads a rule; the error says what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("`{text}` is no destination; write `scheme://host` or `scheme://host:port`");
        let (scheme, rest) = text.split_once("://").ok_or_else(malformed)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        if scheme.is_empty() || host.is_empty() || rest.contains(['/', '?', '#', '@']) {
            return Err(malformed());
        }
        let host = match host.strip_prefix('*') {
            Some("") => Host::Any,
            Some(suffix) if suffix.starts_with('.') && !suffix.contains('*') => {
                Host::Below(suffix.to_ascii_lowercase())
            }
            None if !host.contains('*') => Host::Exactly(host.to_ascii_lowercase()),
            _ => return Err(malformed()),
        };
        let port = match port {
            None => Port::Default,
            Some("*") => Port::Any,
            Some(number) => Port::Exactly(number.parse().map_err(|_| malformed())?),
        };
        let scheme = (scheme != "*").then(|| scheme.to_ascii_lowercase());
        Ok(Self { scheme, host, port })
    }

    pub(super) fn allows(&self, destination: &Destination<'_>) -> bool {
        let Destination { scheme, host, port } = *destination;
        let host = host.to_ascii_lowercase();
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && match &self.host {
                Host::Any => true,
                Host::Below(suffix) => host.ends_with(suffix) && host.len() > suffix.len(),
                Host::Exactly(name) => *name == host,
            }
            && match self.port {
                Port::Any => true,
                Port::Default => default_port(scheme) == Some(port),
                Port::Exactly(number) => number == port,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_allows_its_destinations_and_no_others() {
        for (rule, uri, allowed) in [
            ("http://auth.spin.internal", "http://auth.spin.internal/api", true),
            ("http://auth.spin.internal", "http://AUTH.spin.internal/api", true),
            ("http://auth.spin.internal", "http://audit.spin.internal/", false),
            ("http://auth.spin.internal", "https://auth.spin.internal/", false),
            ("http://auth.spin.internal", "http://auth.spin.internal:8080/", false),
            ("http://*.spin.internal", "http://auth.spin.internal/", true),
            ("http://*.spin.internal", "http://spin.internal/", false),
            ("http://*.spin.internal", "http://evilspin.internal/", false),
            ("https://api.example.com", "https://api.example.com/v1", true),
            ("https://api.example.com:8443", "https://api.example.com:8443/", true),
            ("https://api.example.com:8443", "https://api.example.com/", false),
            ("https://api.example.com:*", "https://api.example.com:1/", true),
            ("https://api.example.com/", "https://api.example.com.evil.org/", false),
            ("*://*:*", "http://anything:99/", true),
            ("http://[::1]:3500", "http://[::1]:3500/x", true),
            ("http://[::1]", "http://[::1]/x", true),
            ("redis://localhost:6379", "http://localhost:6379/", false),
        ] {
            let uri: Uri = uri.parse().unwrap();
            let destination = Destination::of(&uri).unwrap();
            assert_eq!(
                Rule::parse(rule).unwrap().allows(&destination),
                allowed,
                "{rule} and {uri}"
            );
        }
    }

    #[test]
    fn malformed_rules_are_refused() {
        for rule in [
            "",
            "auth.spin.internal",
            "http://",
            "://x",
            "http://a/b",
            "http://a:x",
            "http://a*b",
            "http://u@a",
        ] {
            assert!(Rule::parse(rule).is_err(), "{rule}");
        }
    }
}
