//! `GET /api/{user_id}/tasks/{id}`.

use axum::response::Response;
use dayloom_domain::{Task, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Principal, Problem, ProblemDocument, TaskPath};
use dayloom_task_commands::get;
use http::{HeaderMap, StatusCode, header};

use crate::{answer, parameters};

/// Reads a task
#[utoipa::path(
    get,
    path = "/api/{user_id}/tasks/{id}",
    tag = "tasks",
    operation_id = "get_task",
    params(parameters::TaskPath, parameters::IfNoneMatch),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The task", body = Task, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "The client has the present version",
            headers(("ETag" = String, description = "That version"))),
        (status = 404, description = "The user has no such task", body = ProblemDocument,
            content_type = "application/problem+json"),
        refusals::OfOwner,
    )
)]
pub(crate) async fn read(
    principal: Principal,
    TaskPath(id): TaskPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let task = get(&UserId::new(principal.user_id), id)?.ok_or_else(Problem::not_found)?;
    if has_version(&headers, task.sequence) {
        return Ok(answer::not_modified(task.sequence));
    }
    Ok(answer::task(StatusCode::OK, &task))
}

/// Whether `If-None-Match` names the version (RFC 9110 §13.1.2): weak comparison, a list, or `*`.
fn has_version(headers: &HeaderMap, sequence: u64) -> bool {
    let present = format!("\"{sequence}\"");
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == present)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::has_version;

    #[test]
    fn a_client_may_name_several_versions() {
        for (value, has) in [
            ("\"7\"", true),
            ("W/\"7\"", true),
            ("\"6\", W/\"7\"", true),
            ("*", true),
            ("\"6\"", false),
            ("7", false),
            ("\"77\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("if-none-match", value.parse().unwrap());
            assert_eq!(has_version(&headers, 7), has, "{value}");
        }
        assert!(!has_version(&HeaderMap::new(), 7));
    }
}
