use std::borrow::Cow;

use axum::response::Response;
use dayloom_domain::event::{CloudEvent, EventType, UserEventData, UserPayload};
use dayloom_domain::{EventId, Timestamp, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{Commit, Event, Statement, StorageError, expecting};
use dayloom_kit::{Correlation, Json, Problem, new_id, now_ms, publishable};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::account::{self, User};
use crate::answer::{self, SignedIn};
use crate::origin::NotForeign;
use crate::password::Password;
use crate::rate_limit::SIGN_UP_OF_CLIENT;
use crate::{client, key_ring, problems, session_store};

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    /// What to be called; 1 to 100 characters on one line, after trimming.
    // White space, which does not count, and control characters are Unicode's.
    #[schema(
        pattern = r"^[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]*[^\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\u0000-\u001F\u007F-\u009F](?:[^\u0000-\u001F\u007F-\u009F]{0,98}[^\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\u0000-\u001F\u007F-\u009F])?[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]*$"
    )]
    name: String,
    /// An address that has no account yet. Case and surrounding space do not count.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// 8 to 256 characters, counted in Unicode's NFKC.
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 256)]
    password: Password,
}

/// Creates an account and signs in
///
/// That an address has an account is told with `409`. Hiding it would take a mail to every address before anybody gets in;
/// instead, attempts are limited.
#[utoipa::path(
    post,
    path = "/api/auth/sign-up",
    tag = "auth",
    request_body = SignUp,
    responses(
        (status = 201, description = "The account, an access token, and the session cookie", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The session"), ("Cache-Control" = String))),
        (status = 409, description = "The address has an account", body = dayloom_kit::ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfBody,
        problems::ForeignProblem,
        refusals::OfAttempts,
        refusals::OfStore,
    )
)]
pub(crate) async fn sign_up(
    _: NotForeign,
    correlation: Correlation,
    headers: HeaderMap,
    Json(body): Json<SignUp>,
) -> Result<Response, Problem> {
    let (name, email) = valid(&body)?;
    let now_ms = now_ms();
    if let Some(address) = client::address(&headers) {
        // Kept even if the address turns out to be taken: that is what somebody who probes addresses does.
        let _ = SIGN_UP_OF_CLIENT.count(&address, now_ms)?;
    }
    // An account nobody can get a token for is worse than none.
    key_ring::signer(now_ms)?;

    let user = User {
        id: new_id().to_string(),
        email: email.to_owned(),
        name: name.to_owned(),
    };
    let mut commit = Commit::default();
    let taken = commit.push(insert(&user, &body.password, now_ms));
    commit.events.push(created(&user, &correlation, now_ms));
    let (session, insert) = session_store::begin(user, client::user_agent(&headers), now_ms);
    commit.push(insert);
    match commit.apply() {
        Ok(_) => answer::signed_in(StatusCode::CREATED, &session, now_ms),
        Err(StorageError::Conflict(index)) if index == taken => {
            Err(Problem::conflict("This address has an account; sign in instead."))
        }
        Err(error) => Err(error.into()),
    }
}

/// Name and address as they are kept, or everything that is wrong at once.
fn valid(body: &SignUp) -> Result<(&str, &str), Problem> {
    match (
        account::name(&body.name),
        account::email(&body.email),
        body.password.check(),
    ) {
        (Ok(name), Ok(email), Ok(())) => Ok((name, email)),
        (name, email, password) => {
            let errors = [name.err(), email.err(), password.err()];
            Err(Problem::validation(errors.into_iter().flatten().collect()))
        }
    }
}

/// Changes no row if the address is taken, which is then the commit's conflict.
fn insert(user: &User, password: &Password, now_ms: i64) -> Statement {
    expecting(
        1,
        "INSERT INTO users (id, email, email_key, name, password_hash, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email_key) DO NOTHING",
        vec![
            user.id.as_str().into(),
            user.email.as_str().into(),
            account::email_key(&user.email).into(),
            user.name.as_str().into(),
            password.hash().into(),
            now_ms.into(),
        ],
    )
}

fn created(user: &User, correlation: &Correlation, now_ms: i64) -> Event {
    let user_id = UserId::new(user.id.as_str());
    let at = Timestamp::from_ms(now_ms);
    let data = UserEventData {
        user_id: Cow::Borrowed(&user_id),
        idempotency_key: format!("{}:created", user.id).into(),
        correlation_id: correlation.0.as_str().into(),
        payload: UserPayload {
            id: Cow::Borrowed(&user_id),
            name: user.name.as_str().into(),
            email: user.email.as_str().into(),
            created_at: at,
        },
    };
    let id = EventId(new_id());
    let event = CloudEvent::new(EventType::UserCreated, id, "/dayloom/auth", user.id.as_str(), at, data);
    publishable(&event, user.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::{SignUp, valid};

    #[test]
    fn everything_wrong_is_told_at_once() {
        let body: SignUp = serde_json::from_str(r#"{"name":" ","email":"x","password":"short"}"#).unwrap();
        let problem = format!("{:?}", valid(&body).unwrap_err());
        for pointer in ["#/name", "#/email", "#/password"] {
            assert!(problem.contains(pointer), "{problem}");
        }
        assert!(!problem.contains("short"));
    }
}
