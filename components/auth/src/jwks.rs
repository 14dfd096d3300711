use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Problem, now_ms};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::key_ring::{self, KeyRingError, StoredKey};

/// Verifiers may keep the set for five minutes; a new key is published longer than that before it signs.
const CACHE_CONTROL: &str = "public, max-age=300";

/// A key set (RFC 7517).
#[derive(Serialize, ToSchema)]
struct Jwks {
    /// Newest first.
    keys: Vec<Jwk>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Serialize, ToSchema)]
struct Jwk {
    /// Always `OKP`.
    kty: &'static str,
    /// Always `Ed25519`.
    crv: &'static str,
    /// Always `EdDSA`.
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// The key's RFC 7638 thumbprint, as in the header of the tokens it signed.
    kid: String,
    /// The public key: 32 bytes in base64url.
    x: String,
}

/// Gives the keys that access tokens are verified with
///
/// A key is here some time before it signs the first token and until its last token has ended.
#[utoipa::path(
    get,
    path = "/api/auth/jwks",
    tag = "auth",
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the set at hand")),
    responses(
        (status = 200, description = "The key set", body = Jwks,
            headers(("ETag" = String), ("Cache-Control" = String, description = "`public, max-age=300`"))),
        (status = 304, description = "The set at hand is the present one",
            headers(("ETag" = String), ("Cache-Control" = String))),
        refusals::OfStore,
    )
)]
pub(crate) async fn show_jwks(headers: HeaderMap) -> Result<Response, Problem> {
    let set = Jwks {
        keys: published()?.into_iter().map(jwk).collect(),
    };
    let body = serde_json::to_vec(&set).expect("a key set is plain strings");
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..16]));
    let at_hand = matches(&headers, &etag);
    let etag = HeaderValue::try_from(etag).expect("base64url in quotes is header text");
    let caching = [
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL)),
        (header::ETAG, etag),
    ];
    if at_hand {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((caching, content_type, body).into_response())
}

/// Makes the first key if need be: an empty set would be kept by caches while the first tokens are on their way.
fn published() -> Result<Vec<StoredKey>, KeyRingError> {
    let keys = key_ring::all()?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    key_ring::signer(now_ms())?;
    Ok(key_ring::all()?)
}

fn jwk(key: StoredKey) -> Jwk {
    Jwk {
        kty: "OKP",
        crv: "Ed25519",
        alg: "EdDSA",
        usage: "sig",
        kid: key.dates.id,
        x: key.public_key,
    }
}

/// `If-None-Match` (RFC 9110 §13.1.2), which compares weakly.
fn matches(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::matches;
    use http::{HeaderMap, HeaderValue, header};

    #[test]
    fn a_set_at_hand_is_recognised_by_its_tag() {
        let tagged =
            |tags: &'static str| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(tags))]);
        for tags in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(matches(&tagged(tags), "\"a\""), "{tags}");
        }
        for tags in ["\"b\"", "a", ""] {
            assert!(!matches(&tagged(tags), "\"a\""), "{tags}");
        }
        assert!(!matches(&HeaderMap::new(), "\"a\""));
    }
}
