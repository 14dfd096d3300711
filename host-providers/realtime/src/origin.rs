use http::{
    HeaderMap, Uri,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// Whether a page of the request's `Origin` may open a connection: its host is the request's own, or it is in `allowed`.
///
/// Tokens do not travel by themselves as cookies do, so this is defence in depth. Programs send no `Origin` and pass.
pub(crate) fn is_allowed(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return false;
    };
    if allowed.iter().any(|it| it.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse().ok());
    let Some(host): Option<Authority> = host.or_else(|| uri.authority().cloned()) else {
        return false;
    };
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let default_port = match origin.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    origin
        .authority()
        .is_some_and(|origin| origin.host().eq_ignore_ascii_case(host.host()) && port(origin) == port(&host))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri};

    use super::is_allowed;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_the_own_host_and_the_listed_origins_pass() {
        let allowed = ["https://app.example.com".to_owned()];
        let cases = [
            (None, "todo.example", true),
            (Some("https://todo.example"), "todo.example", true),
            (Some("https://TODO.example"), "todo.example:443", true),
            (Some("http://localhost:3000"), "localhost:3000", true),
            (Some("http://[::1]:3000"), "[::1]:3000", true),
            (Some("https://app.example.com"), "todo.example", true),
            (Some("http://app.example.com"), "todo.example", false),
            (Some("http://localhost:5173"), "localhost:3000", false),
            (Some("https://todo.example.evil.example"), "todo.example", false),
            (Some("https://todo.example@evil.example"), "todo.example", false),
            (Some("null"), "todo.example", false),
            (Some("file://"), "todo.example", false),
            (Some(""), "todo.example", false),
        ];
        for (origin, host, expected) in cases {
            let mut headers = headers(&[("host", host)]);
            if let Some(origin) = origin {
                headers.insert("origin", HeaderValue::from_static(origin));
            }
            assert_eq!(
                is_allowed(&headers, &Uri::from_static("/ws"), &allowed),
                expected,
                "{origin:?} at {host}"
            );
        }
    }

    #[test]
    fn an_absolute_request_target_names_the_host_and_two_origins_name_none() {
        let uri = Uri::from_static("http://todo.example/ws");
        assert!(is_allowed(&headers(&[("origin", "http://todo.example")]), &uri, &[]));
        let twice = headers(&[("origin", "http://todo.example"), ("origin", "http://evil.example")]);
        assert!(!is_allowed(&twice, &uri, &[]));
        assert!(!is_allowed(
            &headers(&[("origin", "http://todo.example")]),
            &Uri::from_static("/ws"),
            &[]
        ));
    }
}
