//! The session cookie, the one credential an `EventSource` can send. Only `auth` can tell whose it is.

use dayloom_kit::openapi::SESSION_COOKIE_NAME;
use dayloom_kit::{Problem, service_url};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use wstd::http::Client;

use crate::hold::Hold;

/// Where `auth` tells whose session it is.
const SESSION_PATH: &str = "/api/auth/session";
/// How long a connection may outlive the question whose it is: as long as an access token would let it.
const HOLD_SECONDS_MAX: u64 = 15 * 60;
/// Bytes of the cookie at most; ours have 43.
const COOKIE_BYTES_MAX: usize = 256;
/// Bytes of the answer at most; a user and a session have a few hundred.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Leave to listen for the session cookie's user.
///
/// # Errors
/// `401` without the cookie of a living session, `503` if `auth` can not tell.
pub(crate) async fn hold(headers: &HeaderMap) -> Result<Hold, Problem> {
    let cookie = session_cookie(headers).ok_or_else(Problem::unauthorized)?;
    match ask(cookie).await {
        Ok((StatusCode::OK, answer)) => owner(&answer).map_err(|error| unavailable(&error.to_string())),
        Ok((StatusCode::UNAUTHORIZED, _)) => Err(Problem::unauthorized()),
        Ok((status, _)) => Err(unavailable(status.as_str())),
        Err(error) => Err(unavailable(&error)),
    }
}

fn unavailable(reason: &str) -> Problem {
    eprintln!("auth can not tell whose session it is: {reason}");
    Problem::unavailable()
}

/// `auth` gets the one cookie it needs and none of the others.
async fn ask(cookie: HeaderValue) -> Result<(StatusCode, Vec<u8>), String> {
    let mut request = Request::get(service_url("auth") + SESSION_PATH)
        .body(dayloom_kit::no_body())
        .map_err(|error| error.to_string())?;
    request.headers_mut().insert(header::COOKIE, cookie);
    let response = Client::new().send(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    let body = Limited::new(response.into_body().into_boxed_body(), ANSWER_BYTES_MAX);
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok((status, body.into()))
}

fn owner(answer: &[u8]) -> Result<Hold, serde_json::Error> {
    #[derive(Deserialize)]
    struct Answer {
        user: User,
    }
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    let answer: Answer = serde_json::from_slice(answer)?;
    Ok(Hold {
        user_id: answer.user.id,
        seconds: HOLD_SECONDS_MAX,
    })
}

/// The `Cookie` header with nothing but the session in it.
fn session_cookie(headers: &HeaderMap) -> Option<HeaderValue> {
    let cookie = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .find(|cookie| {
            cookie
                .split_once('=')
                .is_some_and(|(name, value)| name == SESSION_COOKIE_NAME && !value.is_empty())
        })
        .filter(|cookie| cookie.len() <= COOKIE_BYTES_MAX)?;
    let mut value = HeaderValue::from_str(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{HOLD_SECONDS_MAX, owner, session_cookie};

    fn found(cookies: &[&str]) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        session_cookie(&headers)
    }

    #[test]
    fn only_the_session_cookie_is_passed_on() {
        let session = Some(HeaderValue::from_static("dayloom_session=abc"));
        assert_eq!(found(&["dayloom_session=abc"]), session);
        assert_eq!(found(&["theme=dark; dayloom_session=abc; x=y"]), session);
        assert_eq!(found(&["theme=dark", "dayloom_session=abc"]), session);
        for none in [
            "",
            "theme=dark",
            "dayloom_session=",
            "xdayloom_session=abc",
            "dayloom_session",
        ] {
            assert_eq!(found(&[none]), None, "{none}");
        }
        assert_eq!(found(&[&format!("dayloom_session={}", "x".repeat(300))]), None);
        assert!(found(&["dayloom_session=abc"]).unwrap().is_sensitive());
    }

    #[test]
    fn the_sessions_user_is_who_may_listen() {
        let hold = owner(br#"{"user":{"id":"u","email":"a@b.c"},"session":{"id":"s"}}"#).unwrap();
        assert_eq!((hold.user_id.as_str(), hold.seconds), ("u", HOLD_SECONDS_MAX));
        assert!(owner(b"{}").is_err());
    }
}
