//! The identity service: who a user is, who is signed in, and the tokens that every other service believes.
//!
//! # Invariants
//! - No password, session secret or private key is stored as it is, logged, or part of a `Debug` form.
//! - A cookie can not change state unless the request's origin is ours: the extractors of the session see to it.
//! - What is stored of a session is a hash; what is stored of a private key is sealed under the deployment's key.
//! - Of one request nothing stays in the instance. The signing key does, which is no request's.

mod access_token;
mod account;
mod answer;
mod client;
mod cookie;
mod end_session;
mod expire;
mod jwks;
mod key_encryption;
mod key_plan;
mod key_ring;
mod list_sessions;
mod origin;
mod password;
mod problems;
mod rate_limit;
mod session;
mod session_store;
mod settings;
mod show_session;
mod sign_in;
mod sign_out;
mod sign_up;
mod token;

use axum::Router;
use dayloom_kit::Problem;
use dayloom_kit::openapi::Shared;
use utoipa::OpenApi;

struct Auth;

dayloom_kit::component!("auth", Auth, super::routes, [storage keyvalue atomics config]);

impl bindings::exports::dayloom::platform::cron::Guest for Auth {
    fn tick(schedule: String, _at: u64) -> Result<(), String> {
        match schedule.as_str() {
            "expire" => expire::run(dayloom_kit::now_ms()),
            other => Err(format!("unknown schedule {other:?}")),
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "auth", description = "Accounts, sessions and access tokens"))
)]
struct Document;

dayloom_kit::routes! {
    Document:
    sign_up::sign_up,
    sign_in::sign_in,
    sign_out::sign_out,
    show_session::show_session,
    list_sessions::list_sessions,
    end_session::end_session,
    token::issue_token,
    jwks::show_jwks,
}

/// Everything this service answers over HTTP.
pub fn routes() -> Router {
    dayloom_kit::with_health(router(), ready)
}

/// Ready when tokens can be signed: the store answers and the private keys can be sealed and opened. Key-value may be
/// away, for then only attempts are not counted.
fn ready() -> Result<(), Problem> {
    key_encryption::KeyEncryption::of_deployment()?;
    key_ring::all()?;
    Ok(())
}
