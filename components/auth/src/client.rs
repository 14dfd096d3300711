//! What a request tells of the client that sent it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

/// Set by the host, which overwrites whatever a client sends under that name.
const CLIENT_ADDRESS: &str = "spin-client-addr";
/// Characters of a `User-Agent` that are kept: enough to recognise one's own device.
const USER_AGENT_CHARACTERS_MAX: usize = 256;

/// Where the client is, as attempts are counted: an IPv4 address, or the /64 that one IPv6 customer has at least.
pub(crate) fn address(headers: &HeaderMap) -> Option<String> {
    headers.get(CLIENT_ADDRESS)?.to_str().ok().and_then(counted)
}

fn counted(text: &str) -> Option<String> {
    let text = text.trim();
    let address = text
        .parse::<SocketAddr>()
        .map(|it| it.ip())
        .or_else(|_| text.parse::<IpAddr>())
        .ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

/// The `User-Agent`, cut to [`USER_AGENT_CHARACTERS_MAX`]; what is no text is left out.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(USER_AGENT_CHARACTERS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn a_client_is_counted_by_its_address_without_the_port() {
        for (text, client) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("203.0.113.9", "203.0.113.9"),
            ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("[::ffff:203.0.113.9]:1", "203.0.113.9"),
        ] {
            assert_eq!(counted(text).as_deref(), Some(client), "{text}");
        }
        for none in ["", "unknown", "203.0.113.9:x", "1.2.3"] {
            assert_eq!(counted(none), None, "{none}");
        }
    }
}
