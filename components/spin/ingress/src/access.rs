//! Who may use the platform's routes.
//!
//! With a sidecar the application's port is open to whoever reaches the pod, so the sidecar has to prove that it is one.
//! Without one, these paths are not routed from outside: only other components of the application reach them.

use dayloom_spin_kit::Settings;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use wasip2::http::types::IncomingRequest;

use crate::exchange::Answer;

/// The header that daprd sends `APP_API_TOKEN` in.
const TOKEN: &str = "dapr-api-token";

/// Refuses whoever is not the sidecar.
pub(crate) fn check(settings: &Settings, request: &IncomingRequest) -> Result<(), Answer> {
    if settings.sidecar.is_none() {
        return Ok(());
    }
    let Some(expected) = &settings.app_token else {
        eprintln!(
            "refused: there is a sidecar (sidecar_url) but no app_token, so it can not be told from anybody else; \
             set the variable app_token here and APP_API_TOKEN in the sidecar"
        );
        return Err(Answer::status(503));
    };
    let given = request.headers().get(TOKEN);
    if is_token(&given, expected.expose_secret()) {
        return Ok(());
    }
    eprintln!("refused: a request to an internal route without the sidecar's token");
    Err(Answer::status(401))
}

/// Whether exactly this token was given. How long it takes depends on the token's length alone.
fn is_token(given: &[Vec<u8>], expected: &str) -> bool {
    matches!(given, [token] if token.as_slice().ct_eq(expected.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn only_the_whole_token_opens() {
        assert!(is_token(&[b"s3cret".to_vec()], "s3cret"));
        for given in [&[][..], &[b"s3cre".to_vec()], &[b"s3cretx".to_vec()], &[b"".to_vec()]] {
            assert!(!is_token(given, "s3cret"));
        }
        assert!(
            !is_token(&[b"s3cret".to_vec(), b"s3cret".to_vec()], "s3cret"),
            "said twice"
        );
    }
}
