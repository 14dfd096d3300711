//! What Spin tells a component about a request in headers, which nobody else can set.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Request, header};

/// The client's address of a request that another component sends.
pub(crate) const CHAINED: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// Sets Spin's headers of a request that came by `route`, or by a component's name.
pub(crate) fn describe<B>(request: &mut Request<B>, route: &str, client: SocketAddr) {
    let path = request.uri().path();
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()))
        .unwrap_or("localhost");
    let target = request.uri().path_and_query().map_or(path, |target| target.as_str());
    let fixed = route.strip_suffix("/...").unwrap_or(route);
    // The rest of the path behind as many segments as the route has.
    let segments = fixed.matches('/').count();
    let rest = path.match_indices('/').nth(segments).map_or("", |(at, _)| &path[at..]);
    let values = [
        ("spin-path-info", rest.to_owned()),
        ("spin-full-url", format!("http://{host}{target}")),
        ("spin-matched-route", route.to_owned()),
        ("spin-base-path", "/".to_owned()),
        ("spin-raw-component-route", route.to_owned()),
        ("spin-component-route", fixed.to_owned()),
        ("spin-client-addr", client.to_string()),
    ];
    let headers = request.headers_mut();
    headers.remove(header::CONNECTION);
    for (name, value) in values {
        set(headers, name, &value);
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // A path may have bytes that no header can carry; then the component does without.
    match HeaderValue::from_str(value) {
        Ok(value) => headers.insert(HeaderName::from_static(name), value),
        Err(_) => headers.remove(name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_described_and_the_client_has_no_say() {
        let mut request = Request::get("/api/u1/tasks/7?x=1")
            .header("host", "here:3000")
            .header("spin-client-addr", "9.9.9.9:1")
            .body(())
            .unwrap();
        describe(&mut request, "/api/:user_id/tasks/...", "127.0.0.1:5".parse().unwrap());
        for (name, value) in [
            ("spin-path-info", "/7"),
            ("spin-full-url", "http://here:3000/api/u1/tasks/7?x=1"),
            ("spin-component-route", "/api/:user_id/tasks"),
            ("spin-client-addr", "127.0.0.1:5"),
        ] {
            assert_eq!(request.headers()[name], value, "{name}");
        }
    }
}
