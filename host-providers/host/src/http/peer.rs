//! Who is asking. Components learn it from `spin-client-addr`, which only the host can set.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, uri::Scheme};
use ipnet::IpNet;

const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    ip: IpAddr,
    header: HeaderValue,
    /// Whether it is a proxy whose word about its own clients counts.
    trusted: bool,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, trusted: &[IpNet]) -> Self {
        let ip = address.ip().to_canonical();
        Self {
            ip,
            header: text(&address.to_string()),
            trusted: is_trusted(ip, trusted),
        }
    }

    /// Removes what only the host may say, says who the client is, and returns the scheme the client used.
    pub(super) fn describe(&self, headers: &mut HeaderMap, trusted: &[IpNet]) -> Scheme {
        strip(headers);
        let mut scheme = Scheme::HTTP;
        let mut client = self.header.clone();
        if self.trusted {
            if headers.get(FORWARDED_PROTO).is_some_and(|proto| proto == "https") {
                scheme = Scheme::HTTPS;
            }
            if let Some(ip) = self.forwarded_for(headers, trusted) {
                // The port is the proxy's to know; 0 stands for that.
                client = text(&SocketAddr::new(ip, 0).to_string());
            }
        } else {
            for name in [FORWARDED, FORWARDED_FOR, FORWARDED_PROTO, REAL_IP] {
                headers.remove(name);
            }
        }
        headers.insert(CLIENT_ADDR, client);
        scheme
    }

    /// The last address that was not written by a trusted proxy: what stands before it, anybody can have written.
    fn forwarded_for(&self, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
        let hops: Vec<_> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(|hop| hop.trim().parse::<IpAddr>().ok())
            .collect();
        let mut client = None;
        for hop in hops.into_iter().rev() {
            let Some(ip) = hop.map(|ip| ip.to_canonical()) else {
                break;
            };
            client = Some(ip);
            if !is_trusted(ip, trusted) {
                break;
            }
        }
        client.filter(|ip| *ip != self.ip)
    }
}

fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&ip))
}

/// Takes `spin-*` and `grip-*` away: the first are the host's words, the second are for the host's ears only.
fn strip(headers: &mut HeaderMap) {
    let reserved = |name: &HeaderName| name.as_str().starts_with("spin-") || name.as_str().starts_with("grip-");
    if headers.keys().any(reserved) {
        let names: Vec<_> = headers.keys().filter(|name| reserved(name)).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
}

fn text(address: &str) -> HeaderValue {
    HeaderValue::from_str(address).expect("a socket address is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(peer: &str, headers: &[(&'static str, &'static str)]) -> (Scheme, HeaderMap) {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let scheme = Peer::new(peer.parse().unwrap(), &trusted).describe(&mut map, &trusted);
        (scheme, map)
    }

    #[test]
    fn the_word_of_a_stranger_about_itself_does_not_count() {
        let (scheme, headers) = described(
            "203.0.113.9:4711",
            &[
                ("spin-client-addr", "1.1.1.1:1"),
                ("spin-full-url", "http://evil/"),
                ("grip-hold", "stream"),
                ("x-forwarded-for", "1.1.1.1"),
                ("x-forwarded-proto", "https"),
                ("x-real-ip", "1.1.1.1"),
                ("accept", "*/*"),
            ],
        );
        assert_eq!(scheme, Scheme::HTTP);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["spin-client-addr"], "203.0.113.9:4711");
        assert_eq!(headers["accept"], "*/*");
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        for (forwarded, client) in [
            ("198.51.100.7", "198.51.100.7:0"),
            ("9.9.9.9, 198.51.100.7", "198.51.100.7:0"),
            ("9.9.9.9, 198.51.100.7, 10.1.2.3", "198.51.100.7:0"),
            ("2001:db8::1", "[2001:db8::1]:0"),
            ("unknown, 10.1.2.3", "10.1.2.3:0"),
            ("nonsense", "10.0.0.1:80"),
            ("", "10.0.0.1:80"),
        ] {
            let headers = [("x-forwarded-for", forwarded), ("x-forwarded-proto", "https")];
            let (scheme, headers) = described("10.0.0.1:80", &headers);
            assert_eq!(headers["spin-client-addr"], client, "{forwarded}");
            assert_eq!(scheme, Scheme::HTTPS);
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_is_still_a_trusted_proxy() {
        let (_, headers) = described("[::ffff:10.0.0.1]:80", &[("x-forwarded-for", "198.51.100.7")]);
        assert_eq!(headers["spin-client-addr"], "198.51.100.7:0");
    }
}
