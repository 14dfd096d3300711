//! The parts of the OpenAPI document that every service shares.

pub mod refusals;

use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, PartialSchema, ToSchema};

use crate::ProblemDocument;

/// Name of the security scheme for access tokens.
pub const BEARER: &str = "bearer";
/// Name of the security scheme for the session cookie.
pub const SESSION_COOKIE: &str = "session_cookie";
/// The session cookie's name.
pub const SESSION_COOKIE_NAME: &str = "dayloom_session";

/// Adds what the routes of every service refer to: both security schemes, the problem document, and the refusals that many
/// routes share.
#[derive(Debug)]
pub struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token from `POST /api/auth/token`, sign-up or sign-in"))
            .build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            SESSION_COOKIE_NAME,
            "The cookie that sign-up and sign-in set",
        ));
        components.add_security_scheme(SESSION_COOKIE, SecurityScheme::ApiKey(cookie));

        let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
        ProblemDocument::schemas(&mut schemas);
        components.schemas.extend(schemas);
        components.responses.extend(refusals::all());
    }
}
