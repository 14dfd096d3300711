//! W3C trace context: which request a call belongs to.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where a call stands in a distributed trace, <https://www.w3.org/TR/trace-context/>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trace {
    id: u128,
    span: u64,
    flags: u8,
}

/// Bytes of a version 00 header: `00-<32>-<16>-<2>`.
const TRACEPARENT_BYTES: usize = 55;

impl Trace {
    /// A trace that begins here, not sampled.
    pub fn begin() -> Self {
        // Zero is not a valid id; drawing one is as likely as a bit flip in memory, and setting a bit is free.
        Self {
            id: fastrand::u128(..) | 1,
            span: fastrand::u64(..) | 1,
            flags: 0,
        }
    }

    /// The trace a caller passed on, with a span of our own; a new one if the header is missing or malformed.
    pub fn continued(traceparent: Option<&HeaderValue>) -> Self {
        traceparent
            .and_then(|value| parse(value.as_bytes()))
            .unwrap_or_else(Self::begin)
    }

    /// As a `traceparent` header.
    pub fn header(&self) -> HeaderValue {
        let mut text = [0; TRACEPARENT_BYTES];
        text[..3].copy_from_slice(b"00-");
        write_hex(&mut text[3..35], &self.id.to_be_bytes());
        text[35] = b'-';
        write_hex(&mut text[36..52], &self.span.to_be_bytes());
        text[52] = b'-';
        write_hex(&mut text[53..55], &[self.flags]);
        ascii(&text)
    }

    /// The trace's id as a header, which a client can quote.
    pub fn id_header(&self) -> HeaderValue {
        let mut text = [0; 32];
        write_hex(&mut text, &self.id.to_be_bytes());
        ascii(&text)
    }
}

/// The trace's id, as in logs.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.id)
    }
}

/// Has a request carry on the trace.
pub(crate) fn set_traceparent(headers: &mut HeaderMap, trace: Trace) {
    headers.insert(TRACEPARENT, trace.header());
}

fn parse(header: &[u8]) -> Option<Trace> {
    // A later version may append fields; ours are in the same places.
    let (version, more) = (hex(header.get(..2)?)?, header.len() > TRACEPARENT_BYTES);
    let separated = [2, 35, 52].iter().all(|&at| header.get(at) == Some(&b'-'));
    if !separated || version == 0xff || (version == 0 && more) || (more && header[TRACEPARENT_BYTES] != b'-') {
        return None;
    }
    let id = hex(&header[3..35])?;
    let parent = hex(&header[36..52])?;
    let flags = u8::try_from(hex(header.get(53..55)?)?).ok()?;
    (id != 0 && parent != 0).then(|| Trace {
        id,
        span: fastrand::u64(..) | 1,
        flags,
    })
}

/// A number of lower-case hexadecimal digits; the specification allows no others.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number: u128, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

fn write_hex(text: &mut [u8], bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

fn ascii(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).expect("hexadecimal digits and dashes are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_valid_parent_is_continued_with_a_span_of_our_own() {
        let trace = Trace::continued(Some(&HeaderValue::from_static(PARENT)));
        let header = trace.header();
        let header = header.to_str().unwrap();
        assert_eq!(&header[..36], &PARENT[..36]);
        assert_ne!(&header[36..52], &PARENT[36..52]);
        assert_eq!(&header[52..], "-01");
        assert_eq!(trace.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace.id_header(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn a_malformed_parent_is_replaced() {
        for parent in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(parent.as_bytes()), None, "{parent}");
        }
        let parsed = parse(b"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more");
        assert!(parsed.is_some(), "a later version may carry more");
    }
}
