//! The parts of the OpenAPI document that every service shares.

use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// Name of the security scheme for access tokens.
pub const BEARER: &str = "bearer";
/// Name of the security scheme for the session cookie.
pub const SESSION_COOKIE: &str = "session_cookie";
/// The session cookie's name.
pub const SESSION_COOKIE_NAME: &str = "dayloom_session";

/// Adds both security schemes.
#[derive(Debug)]
pub struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE_NAME));
        components.add_security_scheme(SESSION_COOKIE, SecurityScheme::ApiKey(cookie));
    }
}
