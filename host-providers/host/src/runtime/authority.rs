use http::{HeaderValue, Request, header::HOST, uri::Authority};

/// Why it can not be told whom a request is for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuthorityError {
    #[error("no Host header")]
    Missing,
    #[error("several Host headers")]
    Several,
    #[error("a Host header that is no authority")]
    Malformed,
}

/// Whether a request says whom it is for: in its target or, as HTTP/1.1 must (RFC 9112 §3.2), in exactly one `Host`.
///
/// Said here, because a component would find out while it reads the request, and that would look like its own failure.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), AuthorityError> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (request.uri().authority(), hosts.next(), hosts.next()) {
        (_, _, Some(_)) => Err(AuthorityError::Several),
        (None, None, None) => Err(AuthorityError::Missing),
        (Some(_), None, None) => Ok(()),
        (_, Some(host), None) if is_authority(host) => Ok(()),
        (_, Some(_), None) => Err(AuthorityError::Malformed),
    }
}

fn is_authority(host: &HeaderValue) -> bool {
    host.to_str().is_ok_and(|host| host.parse::<Authority>().is_ok())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{AuthorityError, check};

    fn checked(uri: &str, hosts: &[&str]) -> Result<(), AuthorityError> {
        let mut request = Request::get(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(()).unwrap())
    }

    #[test]
    fn one_readable_authority_is_wanted() {
        for host in ["a", "localhost:3000", "[::1]:80", "xn--bcher-kva.example"] {
            assert!(checked("/x", &[host]).is_ok(), "{host}");
        }
        assert!(checked("http://a/x", &[]).is_ok());
        assert!(checked("http://a/x", &["a"]).is_ok());
        assert!(matches!(checked("/x", &[]), Err(AuthorityError::Missing)));
        assert!(matches!(checked("/x", &["a", "a"]), Err(AuthorityError::Several)));
        for host in ["", "a b", "a/b", "[::1"] {
            assert!(
                matches!(checked("/x", &[host]), Err(AuthorityError::Malformed)),
                "{host}"
            );
        }
    }
}
