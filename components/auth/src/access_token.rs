//! Access tokens: JWTs (RFC 7519) signed with Ed25519 (RFC 8037) that every other service verifies by itself.

use dayloom_domain::Timestamp;
use dayloom_kit::{Problem, TokenClaims};
use jwt_simple::prelude::{Audiences, Duration, EdDSAKeyPairLike, JWTClaims};
use serde::Serialize;
use utoipa::ToSchema;

use crate::key_ring::{self, Signer};
use crate::session::Session;
use crate::settings;

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessToken {
    /// For `Authorization: Bearer`.
    pub(crate) token: String,
    /// When it ends; get the next one before.
    pub(crate) expires_at: Timestamp,
}

/// Whom a token is from, for whom, and for how long.
struct Terms {
    issuer: String,
    audience: String,
    seconds: i64,
}

/// A new token for a session.
///
/// # Errors
/// `503` if there is no key to sign with.
pub(crate) fn issue(session: &Session, now_ms: i64) -> Result<AccessToken, Problem> {
    let signer = key_ring::signer(now_ms)?;
    let terms = Terms {
        issuer: settings::token_issuer(),
        audience: settings::token_audience(),
        seconds: settings::access_token_seconds(),
    };
    sign(&signer, &terms, session, now_ms)
}

fn sign(signer: &Signer, terms: &Terms, session: &Session, now_ms: i64) -> Result<AccessToken, Problem> {
    let issued_at = now_ms.div_euclid(1_000);
    // A token does not outlive its session.
    let expires_at = (issued_at + terms.seconds).min(session.expires_at.div_euclid(1_000));
    let claims = JWTClaims {
        issued_at: Some(seconds(issued_at)),
        expires_at: Some(seconds(expires_at)),
        invalid_before: None,
        issuer: Some(terms.issuer.clone()),
        subject: Some(session.user.id.clone()),
        audiences: Some(Audiences::AsString(terms.audience.clone())),
        jwt_id: None,
        nonce: None,
        custom: TokenClaims {
            user_id: session.user.id.clone(),
            sid: session.id.clone(),
        },
    };
    let token = signer.key_pair.sign(claims).map_err(|error| {
        eprintln!("an access token could not be signed: {error}");
        Problem::internal()
    })?;
    Ok(AccessToken {
        token,
        expires_at: Timestamp::from_ms(expires_at * 1_000),
    })
}

/// Seconds since the Unix epoch; none of ours are before it.
fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}
