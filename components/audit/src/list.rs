//! `GET /api/{user_id}/audit-logs`: the owner's trail, newest first.

use axum::response::{IntoResponse, Response};
use dayloom_domain::{TaskId, Timestamp};
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{self, Row, StorageError, Value};
use dayloom_kit::{Principal, Problem, Query, cursor};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::entry::{AuditEntry, COLUMNS, SortKey};

/// Bytes of an event type at most; what is longer was never stored.
const EVENT_TYPE_BYTES_MAX: usize = 256;
/// What a page is cut down by when its payloads are too large for one answer of storage.
const PAGE_SHRINK: usize = 4;

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only what happened to this task.
    task_id: Option<TaskId>,
    /// Only events of this type.
    #[serde(rename = "type")]
    #[param(min_length = 1, max_length = 256, example = "com.todo.task.deleted")]
    event_type: Option<String>,
    /// Only what happened at this instant or later.
    from: Option<Timestamp>,
    /// Only what happened before this instant.
    to: Option<Timestamp>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// Entries on the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A page of the trail.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPage<'a> {
    /// Newest first. May be fewer than asked for although more follow, when they are large.
    items: Vec<AuditEntry<'a>>,
    /// For the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists what happened to the user's tasks and reminders
///
/// Newest first. Entries are never changed and never removed.
#[utoipa::path(
    get,
    path = "/api/{user_id}/audit-logs",
    tag = "audit",
    operation_id = "list_audit_logs",
    params(("user_id" = String, Path, description = "The caller's own id"), Filter),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of entries", body = AuditPage),
        refusals::OfParameters,
        refusals::OfOwner,
    )
)]
pub(crate) async fn list(principal: Principal, Query(filter): Query<Filter>) -> Result<Response, Problem> {
    if filter
        .event_type
        .as_ref()
        .is_some_and(|it| it.is_empty() || it.len() > EVENT_TYPE_BYTES_MAX)
    {
        let detail = format!("1 to {EVENT_TYPE_BYTES_MAX} bytes.");
        return Err(Problem::invalid("?type", detail));
    }
    let after = filter.cursor.as_deref().map(cursor::decode::<SortKey>).transpose()?;
    let (sql, params) = select(&principal.user_id, &filter, after);
    let (rows, limit) = fetch(&sql, params, cursor::page_limit(filter.limit)?)?;
    let has_more = rows.len() > limit;
    let items = rows
        .into_iter()
        .take(limit)
        .map(|row| AuditEntry::read(row, &principal.user_id))
        .collect::<Result<Vec<_>, _>>()?;
    let next_cursor = items
        .last()
        .filter(|_| has_more)
        .map(|last| cursor::encode(&last.sort_key()));
    // History is private and grows at its head: nothing in between may keep it.
    Ok((
        [(header::CACHE_CONTROL, "no-store")],
        axum::Json(AuditPage { items, next_cursor }),
    )
        .into_response())
}

/// The query but for its limit, which is the last parameter.
fn select(user_id: &str, filter: &Filter, after: Option<SortKey>) -> (String, Vec<Value>) {
    let mut sql = format!("SELECT {COLUMNS} FROM audit_logs WHERE user_id = $1");
    let mut params = vec![Value::from(user_id)];
    let mut narrow = |condition: &str, value: Value| {
        params.push(value);
        sql.push_str(&format!(" AND {condition} ${}", params.len()));
    };
    if let Some(task_id) = filter.task_id {
        narrow("task_id =", task_id.to_string().into());
    }
    if let Some(event_type) = &filter.event_type {
        narrow("event_type =", event_type.as_str().into());
    }
    if let Some(from) = filter.from {
        narrow("occurred_at >=", from.as_ms().into());
    }
    if let Some(to) = filter.to {
        narrow("occurred_at <", to.as_ms().into());
    }
    if let Some((occurred_at, event_id)) = after {
        params.extend([occurred_at.into(), event_id.into()]);
        let n = params.len();
        sql.push_str(&format!(" AND (occurred_at, event_id) < (${}, ${n})", n - 1));
    }
    let limit = params.len() + 1;
    sql.push_str(&format!(" ORDER BY occurred_at DESC, event_id DESC LIMIT ${limit}"));
    (sql, params)
}

/// Up to `limit` rows and one more if there is one, with the limit that was kept: a page of the largest payloads there can
/// be is more than one answer of storage holds, so it becomes several pages.
fn fetch(sql: &str, mut params: Vec<Value>, mut limit: usize) -> Result<(Vec<Row>, usize), StorageError> {
    let place = params.len();
    params.push(Value::Null);
    loop {
        params[place] = Value::from(limit as i64 + 1);
        match storage::query(sql, &params) {
            Err(StorageError::TooLarge(_)) if limit > 1 => limit = (limit / PAGE_SHRINK).max(1),
            rows => return Ok((rows?, limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, select};

    #[test]
    fn every_query_is_the_owners_and_the_filters_narrow_it() {
        let (sql, params) = select("u", &Filter::default(), None);
        assert!(
            sql.ends_with("WHERE user_id = $1 ORDER BY occurred_at DESC, event_id DESC LIMIT $2"),
            "{sql}"
        );
        assert_eq!(params.len(), 1);

        let filter = Filter {
            task_id: Some("019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21".parse().unwrap()),
            event_type: Some("t".into()),
            from: Some("2026-11-21T00:00:00Z".parse().unwrap()),
            to: Some("2026-11-22T00:00:00+01:00".parse().unwrap()),
            ..Filter::default()
        };
        let (sql, params) = select("u", &filter, Some((5, "e".into())));
        assert!(
            sql.ends_with(
                "WHERE user_id = $1 AND task_id = $2 AND event_type = $3 AND occurred_at >= $4 AND occurred_at < $5 \
                 AND (occurred_at, event_id) < ($6, $7) ORDER BY occurred_at DESC, event_id DESC LIMIT $8"
            ),
            "{sql}"
        );
        assert_eq!(params.len(), 7);
    }
}
