use axum::response::Response;
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{self, Cells, Commit, Row, StorageError, statement};
use dayloom_kit::{Json, Problem, now_ms, revoke_session};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::account::{self, User};
use crate::answer::{self, SignedIn};
use crate::origin::NotForeign;
use crate::password::{self, Password};
use crate::rate_limit::{Counted, SIGN_IN_OF_ACCOUNT, SIGN_IN_OF_CLIENT};
use crate::{client, key_ring, problems, session_store};

/// What lets somebody in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The account's address. Case and surrounding space do not count.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The account's password.
    #[schema(value_type = String, format = "password", max_length = 256)]
    password: Password,
}

/// Signs in
///
/// An unknown address and a wrong password are one answer, after the same work. Ten failures of one account, or a hundred
/// of one client, in a quarter of an hour are `429` for the rest of it.
#[utoipa::path(
    post,
    path = "/api/auth/sign-in",
    tag = "auth",
    request_body = SignIn,
    responses(
        (status = 200, description = "The account, an access token, and the session cookie", body = SignedIn,
            headers(("Set-Cookie" = String, description = "The session"), ("Cache-Control" = String))),
        (status = 401, description = "The address or the password is wrong", body = dayloom_kit::ProblemDocument,
            content_type = "application/problem+json", headers(("WWW-Authenticate" = String))),
        refusals::OfBody,
        problems::ForeignProblem,
        refusals::OfAttempts,
        refusals::OfStore,
    )
)]
pub(crate) async fn sign_in(_: NotForeign, headers: HeaderMap, Json(body): Json<SignIn>) -> Result<Response, Problem> {
    let now_ms = now_ms();
    let attempt = Attempt::count(&headers, &body.email, now_ms)?;
    match authenticate(&body) {
        Ok(Some(account)) => {
            attempt.succeeded();
            let Account { user, password_hash } = account;
            begin_session(user, &password_hash, &body.password, &headers, now_ms)
        }
        Ok(None) => Err(Problem::unauthorized().with_detail("The address or the password is wrong.")),
        Err(error) => {
            attempt.came_to_nothing();
            Err(error.into())
        }
    }
}

/// A sign-in as the limits see it: of a client, if the host tells who that is, and of an account, be there one or not.
struct Attempt {
    of_client: Option<Counted>,
    of_account: Counted,
}

impl Attempt {
    fn count(headers: &HeaderMap, email: &str, now_ms: i64) -> Result<Self, Problem> {
        let of_client = client::address(headers)
            .map(|address| SIGN_IN_OF_CLIENT.count(&address, now_ms))
            .transpose()?;
        let of_account = SIGN_IN_OF_ACCOUNT.count(&account::email_key(email), now_ms)?;
        Ok(Self { of_client, of_account })
    }

    fn succeeded(self) {
        self.of_account.clear();
        self.of_client.into_iter().for_each(Counted::give_back);
    }

    /// The store was away: nobody guessed anything.
    fn came_to_nothing(self) {
        self.of_account.give_back();
        self.of_client.into_iter().for_each(Counted::give_back);
    }
}

struct Account {
    user: User,
    password_hash: String,
}

/// The account, if address and password are right. The work is the same for an address that has none.
fn authenticate(body: &SignIn) -> Result<Option<Account>, StorageError> {
    let rows = storage::query(
        "SELECT id, email, name, password_hash FROM users WHERE email_key = $1",
        &[account::email_key(&body.email).into()],
    )?;
    let account = rows.into_iter().next().map(read).transpose()?;
    let stored = account.as_ref().map(|it| it.password_hash.as_str());
    let matches = body.password.matches(stored);
    Ok(account.filter(|_| matches))
}

fn read(row: Row) -> Result<Account, StorageError> {
    let mut cells = Cells::of(row);
    Ok(Account {
        user: User {
            id: cells.text()?,
            email: cells.text()?,
            name: cells.text()?,
        },
        password_hash: cells.text()?,
    })
}

fn begin_session(
    user: User,
    password_hash: &str,
    password: &Password,
    headers: &HeaderMap,
    now_ms: i64,
) -> Result<Response, Problem> {
    // A session nobody can get a token for is worse than none.
    key_ring::signer(now_ms)?;
    let ended = session_store::surplus(&user.id)?;
    let mut commit = Commit::default();
    if password::is_outdated(password_hash) {
        commit.push(statement(
            "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3",
            vec![user.id.as_str().into(), password.hash().into(), password_hash.into()],
        ));
    }
    for id in &ended {
        commit.push(session_store::end(id, &user.id));
    }
    let (session, insert) = session_store::begin(user, client::user_agent(headers), now_ms);
    commit.push(insert);
    commit.apply()?;
    ended.iter().for_each(|id| revoke_session(id));
    answer::signed_in(StatusCode::OK, &session, now_ms)
}
