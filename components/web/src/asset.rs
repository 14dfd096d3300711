use crate::encoding::Coding;

/// One file of the frontend's build.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served: a path that begins with `/` and needs no escaping.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// How long a browser may keep it.
    pub caching: Caching,
    /// As it is.
    pub identity: Form,
    /// Compressed with Brotli (RFC 7932), where that is worth it.
    pub brotli: Option<Form>,
    /// Compressed with gzip (RFC 1952), where that is worth it.
    pub gzip: Option<Form>,
}

/// The bytes of an asset in one content coding.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The body of a response.
    pub bytes: &'static [u8],
    /// Its strong entity tag, quotes included.
    pub etag: &'static str,
}

/// How long a browser may keep an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// For good: its name changes with its content.
    Immutable,
    /// It asks each time whether there is a newer one.
    Revalidate,
}

/// The frontend's build, in the order of the paths.
pub static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

impl Asset {
    /// The asset at exactly this path.
    pub(crate) fn find<'a>(assets: &'a [Self], path: &str) -> Option<&'a Self> {
        assets
            .binary_search_by(|asset| asset.path.cmp(path))
            .ok()
            .map(|index| &assets[index])
    }

    /// The form a client likes best by its `Accept-Encoding`.
    pub(crate) fn choose(&self, accept_encoding: Option<&str>) -> (Coding, Form) {
        let accepted = accept_encoding.unwrap_or_default();
        // A client that refuses every form gets identity nevertheless: it is more use to it than a 406.
        let mut best = (Coding::Identity, self.identity, Coding::Identity.weight(accepted));
        // Of equal weights the smaller form wins, and that is the later one here.
        for (coding, form) in [(Coding::Gzip, self.gzip), (Coding::Brotli, self.brotli)] {
            let weight = coding.weight(accepted);
            if let Some(form) = form.filter(|_| weight > 0 && weight >= best.2) {
                best = (coding, form, weight);
            }
        }
        (best.0, best.1)
    }

    /// Whether the choice of a form depends on the request.
    pub(crate) fn varies(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }
}

impl Caching {
    /// The `Cache-Control` of a response.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            // A year, in seconds: the most RFC 9111 asks a cache to honour.
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ASSETS;
    use crate::encoding::Coding;

    #[test]
    fn the_table_is_in_order_and_complete() {
        assert!(ASSETS.is_sorted_by(|a, b| a.path < b.path));
        for path in ["/", "/docs", "/openapi.json", "/favicon.svg"] {
            assert!(ASSETS.iter().any(|asset| asset.path == path), "{path}");
        }
    }

    #[test]
    fn scripts_are_much_smaller_when_compressed() {
        for asset in ASSETS
            .iter()
            .filter(|asset| asset.path.ends_with(".js") && asset.identity.bytes.len() > 10_000)
        {
            let (coding, form) = asset.choose(Some("gzip, br"));
            assert_eq!(coding, Coding::Brotli);
            assert!(form.bytes.len() * 2 < asset.identity.bytes.len(), "{}", asset.path);
        }
    }
}
