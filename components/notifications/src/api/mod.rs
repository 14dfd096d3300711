//! What the service answers over HTTP, one route a file.

mod delete;
mod list;
mod mark;
mod notification_path;
mod preferences;
mod read_all;

use dayloom_kit::openapi::Shared;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "notifications", description = "What a user was told, and how they want to be told"))
)]
struct Document;

pub(crate) fn router() -> OpenApiRouter {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(list::list))
        .routes(routes!(read_all::read_all))
        .routes(routes!(preferences::get, preferences::put))
        .routes(routes!(mark::mark, delete::delete))
}
