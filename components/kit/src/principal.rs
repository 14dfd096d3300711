use std::cell::RefCell;
use std::collections::HashMap;

use axum::extract::{FromRequestParts, RawPathParams};
use http::{HeaderMap, header, request::Parts};
use jwt_simple::prelude::{Duration, EdDSAPublicKeyLike, Token, VerificationOptions};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::{clock, revocation, variable, verification_keys};

/// Bytes of a token at most; ours have about 400.
const TOKEN_BYTES_MAX: usize = 4_096;
/// Verified tokens an instance remembers, about 200 bytes each. One Ed25519 check costs 0.4 ms here, a look-up 3 µs.
const VERIFIED_MAX: usize = 1_024;
/// Clock difference between the signer and us that is forgiven.
const CLOCK_SKEW_SECONDS: u64 = 5;

/// The claims of an access token beside the registered ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenClaims {
    /// The user the token speaks for; equal to `sub`.
    pub user_id: String,
    /// The session it was issued for, so that ending the session ends the token.
    pub sid: String,
}

/// Who is asking: proof of a valid access token, and of the path being the token's own.
///
/// As an extractor it answers `401` without a valid token, and `403` when the path has a `{user_id}` that is not the token's.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// The user; every query is filtered by it.
    pub user_id: String,
    /// The session the token belongs to.
    pub session_id: String,
    /// When the token ends, seconds since the Unix epoch.
    pub expires_at: u64,
}

impl Principal {
    /// The principal of a request's `Authorization: Bearer` header.
    ///
    /// # Errors
    /// `401` if there is none, or the token is malformed, forged, expired or revoked; `503` if the verification keys can
    /// not be had.
    pub async fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let token = bearer(headers).ok_or_else(Problem::unauthorized)?;
        let hash: TokenHash = Sha256::digest(token.as_bytes()).into();
        let now_seconds = u64::try_from(clock::now_ms() / 1_000).unwrap_or_default();
        let known = VERIFIED.with_borrow(|verified| verified.get(&hash).cloned());
        let principal = match known {
            Some(principal) => principal,
            None => {
                let principal = verify(token).await?;
                VERIFIED.with_borrow_mut(|verified| remember(verified, hash, principal.clone(), now_seconds));
                principal
            }
        };
        if principal.expires_at <= now_seconds || revocation::is_revoked(&principal.session_id) {
            return Err(Problem::unauthorized());
        }
        Ok(principal)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Self::of(&parts.headers).await?;
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::forbidden())?;
        match params.iter().find(|(name, _)| *name == "user_id") {
            Some((_, user_id)) if user_id != principal.user_id => Err(Problem::forbidden()),
            _ => Ok(principal),
        }
    }
}

type TokenHash = [u8; 32];

thread_local! {
    /// Outlives requests on purpose: hashed keys, and what a valid signature says. Bounded by [`VERIFIED_MAX`].
    static VERIFIED: RefCell<HashMap<TokenHash, Principal>> = RefCell::default();
}

fn remember(verified: &mut HashMap<TokenHash, Principal>, hash: TokenHash, principal: Principal, now_seconds: u64) {
    if verified.len() >= VERIFIED_MAX {
        verified.retain(|_, known| known.expires_at > now_seconds);
    }
    if verified.len() >= VERIFIED_MAX {
        verified.clear();
    }
    verified.insert(hash, principal);
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES_MAX).then_some(token.trim())
}

async fn verify(token: &str) -> Result<Principal, Problem> {
    let metadata = Token::decode_metadata(token).map_err(|_| Problem::unauthorized())?;
    let key_id = metadata.key_id().ok_or_else(Problem::unauthorized)?;
    let key = verification_keys::find(key_id)
        .await?
        .ok_or_else(Problem::unauthorized)?;
    let options = VerificationOptions {
        allowed_issuers: variable("token_issuer").map(|issuer| [issuer].into()),
        allowed_audiences: variable("token_audience").map(|audience| [audience].into()),
        time_tolerance: Some(Duration::from_secs(CLOCK_SKEW_SECONDS)),
        ..VerificationOptions::default()
    };
    let claims = key
        .verify_token::<TokenClaims>(token, Some(options))
        .map_err(|_| Problem::unauthorized())?;
    let expires_at = claims.expires_at.ok_or_else(Problem::unauthorized)?.as_secs();
    if claims.subject.as_deref() != Some(claims.custom.user_id.as_str()) {
        return Err(Problem::unauthorized());
    }
    Ok(Principal {
        user_id: claims.custom.user_id,
        session_id: claims.custom.sid,
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Principal, VERIFIED_MAX, remember};

    #[test]
    fn the_cache_of_verified_tokens_is_bounded_and_forgets_the_expired_first() {
        let principal = |expires_at| Principal {
            user_id: "u".into(),
            session_id: "s".into(),
            expires_at,
        };
        let mut verified = HashMap::new();
        for n in 0..VERIFIED_MAX {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(n as u64).to_le_bytes());
            remember(&mut verified, hash, principal(if n % 2 == 0 { 10 } else { 100 }), 0);
        }
        assert_eq!(verified.len(), VERIFIED_MAX);
        remember(&mut verified, [255; 32], principal(100), 50);
        assert_eq!(verified.len(), VERIFIED_MAX / 2 + 1);
    }
}
