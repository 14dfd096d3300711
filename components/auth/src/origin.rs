//! Who made the browser send a request: the answer to cross-site request forgery.
//!
//! A browser sends `Origin` with every request that may change state, and no page can forge it. `SameSite=Lax` already
//! keeps our cookie from other sites' requests; this also holds against a neighbour on the same site.

use axum::extract::FromRequestParts;
use dayloom_kit::Problem;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::settings;

/// Whose page a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provenance {
    /// A page of ours.
    Own,
    /// A page of somebody else.
    Foreign,
    /// It does not say: no browser sends a state-changing request like that.
    Unsaid,
}

/// Passes unless the request says that it comes from a foreign page; for requests that carry their own credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotForeign;

impl<S: Send + Sync> FromRequestParts<S> for NotForeign {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match of(parts) {
            Provenance::Own | Provenance::Unsaid => Ok(Self),
            Provenance::Foreign => Err(Problem::forbidden().with_detail("The Origin is not one of this application.")),
        }
    }
}

/// Refuses a request that does not prove it comes from a page of ours; for what a cookie alone would authorise.
pub(crate) fn require_own(parts: &Parts) -> Result<(), Problem> {
    match of(parts) {
        Provenance::Own => Ok(()),
        Provenance::Foreign | Provenance::Unsaid => Err(Problem::forbidden()
            .with_detail("A request that changes state by cookie needs an Origin header of this application.")),
    }
}

fn of(parts: &Parts) -> Provenance {
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    // Hosts hand over what the client called as the request's authority; some keep the header too.
    let host = parts.uri.authority().map(|it| it.as_str()).or(text(HOST.as_str()));
    judge(
        text(ORIGIN.as_str()),
        text("sec-fetch-site"),
        host,
        &settings::allowed_origins(),
    )
}

fn judge(origin: Option<&str>, fetch_site: Option<&str>, host: Option<&str>, allowed: &str) -> Provenance {
    match (origin, fetch_site) {
        (Some(origin), _) if host.is_some_and(|host| is_of_host(origin, host)) || is_allowed(origin, allowed) => {
            Provenance::Own
        }
        (Some(_), _) => Provenance::Foreign,
        (None, Some("same-origin")) => Provenance::Own,
        // `none` is the user's own doing, such as an address typed in.
        (None, Some("none") | None) => Provenance::Unsaid,
        (None, Some(_)) => Provenance::Foreign,
    }
}

/// Whether an origin is of the host that the client called. The scheme is not compared: behind a proxy that ends TLS we
/// do not know the one the client used.
fn is_of_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| {
        authority
            .strip_suffix(default_port)
            .unwrap_or(authority)
            .to_ascii_lowercase()
    };
    !authority.is_empty() && bare(authority) == bare(host)
}

fn is_allowed(origin: &str, allowed: &str) -> bool {
    allowed
        .split([',', ' '])
        .map(|it| it.trim().trim_end_matches('/'))
        .any(|it| !it.is_empty() && it.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::{Provenance::*, judge};

    #[test]
    fn an_origin_is_ours_when_it_names_the_host_that_was_called() {
        for (origin, host, verdict) in [
            ("http://localhost:3000", "localhost:3000", Own),
            ("https://todo.example", "todo.example", Own),
            ("https://todo.example", "todo.example:443", Own),
            ("http://todo.example:80", "todo.example", Own),
            ("https://Todo.Example", "todo.EXAMPLE", Own),
            ("http://[::1]:3000", "[::1]:3000", Own),
            ("http://localhost:3001", "localhost:3000", Foreign),
            ("https://todo.example", "todo.example:80", Foreign),
            ("https://todo.example.evil", "todo.example", Foreign),
            ("https://evil/todo.example", "todo.example", Foreign),
            ("https://evil@todo.example", "todo.example", Foreign),
            ("ftp://todo.example", "todo.example", Foreign),
            ("null", "todo.example", Foreign),
            ("", "todo.example", Foreign),
            ("http://", "", Foreign),
        ] {
            assert_eq!(judge(Some(origin), None, Some(host), ""), verdict, "{origin} {host}");
        }
        assert_eq!(judge(Some("http://a"), None, None, ""), Foreign);
    }

    #[test]
    fn a_deployment_may_allow_more_origins() {
        let judge = |origin| {
            judge(
                Some(origin),
                None,
                Some("api.example"),
                "https://a.example, https://b.example/",
            )
        };
        assert_eq!(judge("https://a.example"), Own);
        assert_eq!(judge("https://b.example"), Own);
        assert_eq!(judge("http://b.example"), Foreign);
        assert_eq!(judge("https://c.example"), Foreign);
    }

    #[test]
    fn fetch_metadata_counts_only_where_there_is_no_origin() {
        let judge = |origin, site| judge(origin, Some(site), Some("a.example"), "");
        assert_eq!(judge(None, "same-origin"), Own);
        assert_eq!(judge(None, "same-site"), Foreign);
        assert_eq!(judge(None, "cross-site"), Foreign);
        assert_eq!(judge(None, "none"), Unsaid);
        assert_eq!(judge(Some("https://evil.example"), "same-origin"), Foreign);
        assert_eq!(super::judge(None, None, Some("a.example"), ""), Unsaid);
    }
}
