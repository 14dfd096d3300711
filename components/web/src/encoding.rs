/// A content coding an asset may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli.
    Brotli,
    /// gzip.
    Gzip,
    /// None.
    Identity,
}

/// The weight of `identity` where a client does not speak of it: acceptable, after everything it names (RFC 9110 §12.5.3).
const UNNAMED_IDENTITY: u16 = 1;

impl Coding {
    /// The name in `Content-Encoding`; none for identity, which is not named there.
    pub(crate) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// How much a client wants this coding by its `Accept-Encoding`: thousandths, 0 for not at all.
    pub(crate) fn weight(self, accept_encoding: &str) -> u16 {
        let mut wildcard = None;
        for (name, weight) in weighted(accept_encoding) {
            if self.is_named(name) {
                return weight;
            }
            if name == "*" {
                wildcard = Some(weight);
            }
        }
        match self {
            Self::Identity => wildcard.unwrap_or(UNNAMED_IDENTITY),
            Self::Brotli | Self::Gzip => wildcard.unwrap_or(0),
        }
    }

    fn is_named(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Brotli => &["br"],
            // The older name means the same (RFC 9110 §8.4.1.3).
            Self::Gzip => &["gzip", "x-gzip"],
            Self::Identity => &["identity"],
        };
        names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// The members of a header such as `Accept` or `Accept-Encoding`, each with its weight in thousandths. Parameters other
/// than `q` are dropped; a weight that can not be read is 0.
pub(crate) fn weighted(header: &str) -> impl Iterator<Item = (&str, u16)> {
    header.split(',').filter_map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some((name, weight.map_or(1000, thousandths)))
    })
}

/// A weight such as `0.5` in thousandths (RFC 9110 §12.4.2).
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return 0;
    }
    let fraction = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => fraction,
        "1" if fraction == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, weighted};

    #[test]
    fn weights_are_read_as_the_standard_says() {
        let read = |header: &str| {
            weighted(header)
                .map(|(name, weight)| (name.to_owned(), weight))
                .collect::<Vec<_>>()
        };
        let expect = |pairs: &[(&str, u16)]| pairs.iter().map(|(n, w)| ((*n).to_owned(), *w)).collect::<Vec<_>>();
        assert_eq!(read("gzip, br"), expect(&[("gzip", 1000), ("br", 1000)]));
        assert_eq!(read(" br ; q=0.5 ,, *;q=0"), expect(&[("br", 500), ("*", 0)]));
        assert_eq!(read("text/html;level=1;q=0.25"), expect(&[("text/html", 250)]));
        assert_eq!(
            read("a;q=1.0,b;Q=0.001,c;q=1"),
            expect(&[("a", 1000), ("b", 1), ("c", 1000)])
        );
        // Not weights: more than one, more than three digits, no digits.
        assert_eq!(
            read("a;q=1.5,b;q=0.1234,c;q=x,d;q=-1"),
            expect(&[("a", 0), ("b", 0), ("c", 0), ("d", 0)])
        );
        assert_eq!(read(""), []);
    }

    #[test]
    fn a_coding_that_is_not_named_counts_by_the_wildcard() {
        assert_eq!(Coding::Brotli.weight("*;q=0.5, gzip"), 500);
        assert_eq!(Coding::Gzip.weight("*;q=0.5, x-GZIP"), 1000);
        assert_eq!(Coding::Brotli.weight("gzip"), 0);
        assert_eq!(Coding::Identity.weight("gzip"), 1);
        assert_eq!(Coding::Identity.weight("*;q=0"), 0);
        assert_eq!(Coding::Identity.weight("*;q=0, identity;q=0.1"), 100);
    }
}
