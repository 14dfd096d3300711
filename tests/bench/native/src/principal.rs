use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::{StatusCode, header, request::Parts};
use dayloom_domain::UserId;
use jwt_simple::prelude::{Ed25519PublicKey, EdDSAPublicKeyLike, VerificationOptions};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Twin;

/// Verifies tokens as the components do: once each, then by the token's hash until it expires.
pub(crate) struct Verifier {
    key: Ed25519PublicKey,
    verified: RwLock<HashMap<[u8; 32], (UserId, u64)>>,
}

/// The user of a token whose path it is.
pub(crate) struct Principal(pub(crate) UserId);

#[derive(Serialize, Deserialize)]
struct Claims {
    user_id: String,
}

impl Verifier {
    pub(crate) fn new(key: Ed25519PublicKey) -> Self {
        Self {
            key,
            verified: RwLock::default(),
        }
    }

    fn verify(&self, token: &str) -> Option<UserId> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()?
            .as_secs();
        if let Some((user, expires_at)) = self.verified.read().ok()?.get(&hash) {
            return (*expires_at > now).then(|| user.clone());
        }
        let options = VerificationOptions {
            allowed_issuers: Some(["dayloom".to_owned()].into()),
            allowed_audiences: Some(["dayloom".to_owned()].into()),
            ..VerificationOptions::default()
        };
        let claims = self.key.verify_token::<Claims>(token, Some(options)).ok()?;
        let user = UserId::new(claims.custom.user_id);
        self.verified
            .write()
            .ok()?
            .insert(hash, (user.clone(), claims.expires_at?.as_secs()));
        Some(user)
    }
}

impl FromRequestParts<Arc<Twin>> for Principal {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, twin: &Arc<Twin>) -> Result<Self, StatusCode> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let user = twin.verifier.verify(token).ok_or(StatusCode::UNAUTHORIZED)?;
        let params = RawPathParams::from_request_parts(parts, twin)
            .await
            .map_err(|_| StatusCode::FORBIDDEN)?;
        let own = params
            .iter()
            .any(|(name, value)| name == "user_id" && value == user.as_str());
        own.then_some(Self(user)).ok_or(StatusCode::FORBIDDEN)
    }
}
