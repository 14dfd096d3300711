//! The audit service: an append-only trail of every task and reminder event, for its owner to read.
//!
//! # Invariants
//! - Rows are only ever added: no statement here updates or deletes.
//! - An event is stored once, however often it comes: its row is its own inbox.
//! - A payload is text in, text out. It is never taken apart, so what the trail shows is what the event said.

mod append;
mod entry;
mod list;

use axum::Router;
use dayloom_kit::{Problem, openapi::Shared, storage};
use utoipa::OpenApi;

struct Audit;

dayloom_kit::component!("audit", Audit, super::routes, [storage keyvalue config outgoing_http]);
dayloom_kit::handler!(Audit, append::handle);

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "audit", description = "What happened to tasks and reminders, for ever"))
)]
struct Document;

dayloom_kit::routes! {
    Document:
    list::list,
}

/// Everything this service answers over HTTP.
pub fn routes() -> Router {
    dayloom_kit::with_health(router(), ready)
}

fn ready() -> Result<(), Problem> {
    storage::query("SELECT event_id FROM audit_logs LIMIT 1", &[])?;
    Ok(())
}
