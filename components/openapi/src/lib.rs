//! One OpenAPI 3.1 document from all services, as their own code describes them.

use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

/// The whole application's document.
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Dayloom")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("description.md")))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .contact(Some(ContactBuilder::new().name(Some("Dayloom")).build()))
        .build();
    let mut document = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .build();
    for service in [
        dayloom_auth::openapi(),
        dayloom_tasks::openapi(),
        dayloom_audit::openapi(),
        dayloom_notifications::openapi(),
        dayloom_realtime::openapi(),
    ] {
        document.merge(service);
    }
    document
}
