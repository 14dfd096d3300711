//! What the service answers over HTTP, one route a file.

mod delete;
mod list;
mod mark;
mod notification_path;
mod preferences;
mod read_all;

use dayloom_kit::openapi::Shared;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "notifications", description = "What a user was told, and how they want to be told"))
)]
struct Document;

dayloom_kit::routes! {
    Document:
    list::list,
    read_all::read_all,
    preferences::get,
    preferences::put,
    mark::mark,
    delete::delete,
}
