//! What sign-up and sign-in answer, and how anything private is sent.

use axum::response::{IntoResponse, Response};
use dayloom_domain::Timestamp;
use dayloom_kit::Problem;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access_token::{self, AccessToken};
use crate::account::User;
use crate::session::Session;

/// Somebody who has just come in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// Who it is.
    user: User,
    /// An access token, for `Authorization: Bearer`.
    token: String,
    /// When the token ends; `POST /api/auth/token` gives the next one.
    expires_at: Timestamp,
}

/// The answer to whoever began this session: token and cookie.
pub(crate) fn signed_in(status: StatusCode, session: &Session, now_ms: i64) -> Result<Response, Problem> {
    let AccessToken { token, expires_at } = access_token::issue(session, now_ms)?;
    let body = SignedIn {
        user: session.user.clone(),
        token,
        expires_at,
    };
    Ok(private(status, &body, Some(session.cookie(now_ms))))
}

/// JSON that no cache may keep, with a cookie to set.
pub(crate) fn private<T: Serialize>(status: StatusCode, body: &T, cookie: Option<HeaderValue>) -> Response {
    with_cookie((status, axum::Json(body)).into_response(), cookie)
}

/// `204` with a cookie to set.
pub(crate) fn nothing(cookie: Option<HeaderValue>) -> Response {
    with_cookie(StatusCode::NO_CONTENT.into_response(), cookie)
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}
