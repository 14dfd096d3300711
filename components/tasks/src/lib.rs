//! The tasks service: everything a user does to tasks over HTTP.
//!
//! # Invariants
//! - It writes tasks through `dayloom-task-commands` only; its own table is `idempotency_keys`.
//! - Every answer about one task carries its version as `ETag`, and every change takes that as `If-Match`.

mod answer;
mod complete;
mod create;
mod delete;
mod deletion_record;
mod forget;
mod idempotency;
mod list;
mod merge_patch;
mod parameters;
mod read;
mod restore;
mod update;

use axum::Router;
use dayloom_domain::Stamp;
use dayloom_kit::{Correlation, Problem, openapi::Shared, storage};
use utoipa::OpenApi;

struct Tasks;

dayloom_kit::component!("tasks", Tasks, super::routes, [storage keyvalue config outgoing_http]);

impl bindings::exports::dayloom::platform::cron::Guest for Tasks {
    fn tick(schedule: String, at: u64) -> Result<(), String> {
        match schedule.as_str() {
            "forget" => forget::forget(at),
            other => Err(format!("no schedule is called {other}")),
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags((name = "tasks", description = "What there is to do"))
)]
struct Document;

dayloom_kit::routes! {
    Document:
    list::list,
    create::create,
    read::read,
    update::update,
    delete::delete,
    complete::complete,
    restore::restore,
}

/// Everything this service answers over HTTP.
pub fn routes() -> Router {
    dayloom_kit::with_health(router(), ready)
}

fn ready() -> Result<(), Problem> {
    storage::query("SELECT id FROM tasks LIMIT 1", &[])?;
    Ok(())
}

/// What the events of one request have in common.
fn stamp(correlation: &Correlation) -> Stamp<'_> {
    Stamp {
        source: "/dayloom/tasks",
        correlation_id: &correlation.0,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_the_document_refers_to_is_in_it() {
        let document = serde_json::to_value(super::openapi()).unwrap();
        let text = document.to_string();
        let mut references = 0;
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
            references += 1;
        }
        assert!(references > 20, "{references}");
        let status = &document["components"]["schemas"]["Status"]["enum"];
        assert_eq!(status.to_string(), r#"["pending","in_progress","completed"]"#);
    }
}
