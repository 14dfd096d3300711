//! `/health`: the process lives. `/health/ready`: every binding would answer now.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use crate::runtime::Providers;

/// Time a binding has to say that it is there: less than what a probe waits.
const READY_TIME_MAX: Duration = Duration::from_millis(1_500);

/// The process lives, whatever its bindings do.
pub(super) fn live() -> Response<Full<Bytes>> {
    document(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Each binding's state; `503` if one is away that requests need, or if the host is stopping. Without a broker requests go
/// on and events wait, so its state is told and decides nothing.
pub(super) async fn ready(providers: &Providers, has_tables: bool, stopping: bool) -> Response<Full<Bytes>> {
    let (storage, keyvalue, broadcast, events) = tokio::join!(
        async {
            match has_tables {
                true => Some(within(providers.storage.ready()).await),
                false => None,
            }
        },
        within(providers.keyvalue.ready()),
        within(providers.broadcast.ready()),
        async {
            match &providers.events {
                Some(events) => Some(within(events.ready()).await),
                None => None,
            }
        },
    );
    let mut bindings = Map::new();
    let mut all = !stopping;
    let needed = [
        ("storage", storage),
        ("keyvalue", Some(keyvalue)),
        ("broadcast", Some(broadcast)),
    ];
    for (name, state) in needed {
        if let Some(state) = state {
            all &= state.is_ok();
            bindings.insert(name.to_owned(), told(name, state));
        }
    }
    if let Some(events) = events {
        bindings.insert("events".to_owned(), told("events", events));
    }
    let (code, status) = match (all, stopping) {
        (true, _) => (StatusCode::OK, "ok"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    document(code, &json!({ "status": status, "bindings": Value::Object(bindings) }))
}

/// A binding's state for anybody; the reason is for the log.
fn told(binding: &str, state: Result<(), String>) -> Value {
    match state {
        Ok(()) => json!({ "status": "ok" }),
        Err(reason) => {
            tracing::warn!(binding, reason, "not ready");
            json!({ "status": "unavailable" })
        }
    }
}

async fn within(check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let late = Err("no answer in time".to_owned());
    tokio::time::timeout(READY_TIME_MAX, check).await.unwrap_or(late)
}

fn document(status: StatusCode, content: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(content.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
