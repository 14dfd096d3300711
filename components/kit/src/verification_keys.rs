//! The public keys that access tokens are verified with, as `auth` publishes them (RFC 7517, RFC 8037).

use std::cell::RefCell;
use std::collections::HashMap;

use http::Request;
use http_body_util::{BodyExt, Limited};
use jwt_simple::prelude::Ed25519PublicKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use wstd::http::Client;

use crate::clock;
use crate::outgoing::no_body;
use crate::problem::Problem;
use crate::variable::service_url;

/// Where `auth` publishes them.
const JWKS_PATH: &str = "/api/auth/jwks";
/// Age after which the set is fetched again, so that a withdrawn key dies out.
const REFRESH_MS: i64 = 300_000;
/// An unknown key id makes us look again, but not more often than this: forged tokens must not become a flood.
const LOOK_AGAIN_MS: i64 = 1_000;
/// Bytes of a key set at most; ours has a few keys of 150 bytes.
const JWKS_BYTES_MAX: usize = 64 * 1024;

#[derive(Default)]
struct KeySet {
    keys: HashMap<String, Ed25519PublicKey>,
    fetched_at_ms: i64,
}

thread_local! {
    /// Outlives requests on purpose: public data.
    static KEYS: RefCell<KeySet> = RefCell::default();
}

/// The key with this id, or none; fetches the set when it is old or lacks the key.
///
/// # Errors
/// `503` if the set can not be fetched and the key is not among those we have.
pub(crate) async fn find(key_id: &str) -> Result<Option<Ed25519PublicKey>, Problem> {
    let now_ms = clock::now_ms();
    let (known, age_ms) =
        KEYS.with_borrow(|set| (set.keys.get(key_id).cloned(), now_ms.saturating_sub(set.fetched_at_ms)));
    let fresh_enough = if known.is_some() {
        age_ms < REFRESH_MS
    } else {
        age_ms < LOOK_AGAIN_MS
    };
    // A negative age is a clock that jumped back: look again.
    if fresh_enough && age_ms >= 0 {
        return Ok(known);
    }
    match fetch().await {
        Ok(keys) => {
            let found = keys.get(key_id).cloned();
            KEYS.set(KeySet {
                keys,
                fetched_at_ms: now_ms,
            });
            Ok(found)
        }
        Err(error) => {
            eprintln!("the verification keys can not be fetched: {error}");
            known.map(Some).ok_or_else(Problem::unavailable)
        }
    }
}

async fn fetch() -> Result<HashMap<String, Ed25519PublicKey>, String> {
    let request = Request::get(service_url("auth") + JWKS_PATH)
        .body(no_body())
        .map_err(|error| error.to_string())?;
    let response = Client::new().send(request).await.map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status()));
    }
    let body = Limited::new(response.into_body().into_boxed_body(), JWKS_BYTES_MAX);
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    parse(&body)
}

fn parse(json: &[u8]) -> Result<HashMap<String, Ed25519PublicKey>, String> {
    #[derive(Deserialize)]
    struct Jwks<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct KeyId {
        kid: String,
    }
    let set: Jwks = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    set.keys
        .into_iter()
        .map(|jwk| {
            let id: KeyId = serde_json::from_str(jwk.get()).map_err(|error| error.to_string())?;
            let key = Ed25519PublicKey::from_jwk(jwk.get()).map_err(|error| error.to_string())?;
            Ok((id.kid, key))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jwt_simple::prelude::Ed25519KeyPair;

    use super::parse;

    #[test]
    fn a_key_set_is_read_by_key_id() {
        let key = Ed25519KeyPair::generate().with_key_id("k1").public_key();
        let set = format!(r#"{{"keys":[{}]}}"#, key.to_jwk());
        assert_eq!(parse(set.as_bytes()).unwrap()["k1"].to_bytes(), key.to_bytes());
        assert!(parse(br#"{"keys":[{"kty":"RSA","kid":"k"}]}"#).is_err());
        assert!(parse(b"<html>").is_err());
    }
}
