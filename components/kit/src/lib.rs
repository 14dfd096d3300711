//! What every component shares: bindings, the principal, problem documents, the event envelope, the unit of work.
//!
//! # Invariants
//! - Nothing of a request outlives it in this crate except two bounded caches of public or hashed-key data: the
//!   verification keys of `auth` and the principals of verified tokens, keyed by the token's SHA-256.
//! - A handler that takes a [`Principal`] can not run without one, nor for another user's path.

pub mod bindings;
mod clock;
mod component;
pub mod consume;
pub mod cursor;
mod event;
mod extract;
mod health;
mod objects;
pub mod openapi;
mod outgoing;
mod principal;
mod problem;
mod revocation;
mod routes;
pub mod storage;
mod variable;
mod verification_keys;

pub use clock::{new_id, now, now_ms};
pub use component::serve;
pub use event::{Correlation, publishable};
pub use extract::{BODY_BYTES_MAX, IfMatch, Json, Query, TaskPath};
pub use health::with_health;
pub use outgoing::no_body;
pub use principal::{Principal, TokenClaims};
pub use problem::{FieldError, PROBLEM_JSON, Problem, ProblemDocument};
pub use revocation::revoke_session;
pub use routes::route;
pub use variable::{service_url, variable};

#[doc(hidden)]
pub use {utoipa_axum, wasip2, wit_bindgen};
