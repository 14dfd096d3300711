use axum::{Router, routing::get};

use crate::problem::Problem;

/// Adds what every service answers: `/health` (the instance runs), `/health/ready` (`ready` says its bindings answer), and
/// problem documents for unknown paths and methods.
pub fn with_health(routes: Router, ready: fn() -> Result<(), Problem>) -> Router {
    let ok = || async { axum::Json(serde_json::json!({ "status": "ok" })) };
    routes
        .route("/health", get(ok))
        .route(
            "/health/ready",
            get(move || async move { ready().map(|()| axum::Json(serde_json::json!({ "status": "ok" }))) }),
        )
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
}
