//! The session cookie and the secret in it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use dayloom_kit::openapi::SESSION_COOKIE_NAME;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::settings;

/// What lets somebody in: 32 random bytes. It has no `Debug` form, and only its hash is ever stored.
#[derive(Clone, PartialEq)]
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub(crate) fn generate() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the host's randomness does not fail");
        Self(bytes)
    }

    /// The one in a request's cookie, if there is one of the right shape.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == SESSION_COOKIE_NAME)
            .find_map(|(_, value)| URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok().map(Self))
    }

    /// SHA-256 in base64url: what the table holds. The secret is random, so it needs no salt and no slow hash.
    pub(crate) fn hash(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0))
    }

    /// The `Set-Cookie` that keeps it in the browser for `seconds`.
    pub(crate) fn cookie(&self, seconds: i64) -> HeaderValue {
        set_cookie(&URL_SAFE_NO_PAD.encode(self.0), seconds, settings::cookie_secure())
    }
}

/// The `Set-Cookie` that makes the browser forget it.
pub(crate) fn forgotten() -> HeaderValue {
    set_cookie("", 0, settings::cookie_secure())
}

fn set_cookie(value: &str, seconds: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!(
        "{SESSION_COOKIE_NAME}={value}; HttpOnly{secure}; SameSite=Lax; Path=/; Max-Age={}",
        seconds.max(0)
    );
    let mut header = HeaderValue::try_from(text).expect("base64url and a number are header text");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::{Secret, set_cookie};
    use http::{HeaderMap, HeaderValue, header};

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies
            .iter()
            .map(|cookie| (header::COOKIE, HeaderValue::from_static(cookie)))
            .collect()
    }

    const NAMED: &str = "dayloom_session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        for cookies in [
            &[NAMED][..],
            &["a=b; dayloom_session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE;c=d"],
            &["theme=dark", NAMED],
            &["dayloom_session=short", NAMED],
        ] {
            assert!(Secret::of(&headers(cookies)) == Some(Secret([1; 32])), "{cookies:?}");
        }
        for cookies in [
            &[][..],
            &["dayloom_session="],
            &["dayloom_session"],
            &["xdayloom_session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"],
            &["dayloom_session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"],
            &["dayloom_session=../../../etc/passwd"],
        ] {
            assert!(Secret::of(&headers(cookies)).is_none(), "{cookies:?}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        assert_eq!(
            set_cookie("v", 60, true),
            "dayloom_session=v; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=60"
        );
        let forgotten = set_cookie("", -5, false);
        assert_eq!(forgotten, "dayloom_session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
        assert!(forgotten.is_sensitive());
    }

    #[test]
    fn a_secret_comes_back_from_its_own_cookie_and_its_hash_is_another_text() {
        let secret = Secret::generate();
        assert!(secret != Secret::generate());
        let cookie = set_cookie(&base64_of(&secret), 1, true);
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::try_from(pair.as_str()).unwrap());
        assert!(Secret::of(&headers) == Some(secret.clone()));
        assert_eq!(secret.hash().len(), 43);
        assert!(!pair.contains(&secret.hash()));
    }

    fn base64_of(secret: &Secret) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(secret.0)
    }
}
