//! `GET /api/{user_id}/tasks`.

use axum::response::{IntoResponse, Response};
use dayloom_domain::limits::{CATEGORY_CHARS_MAX, TAG_CHARS_MAX};
use dayloom_domain::{Moment, Priority, Status, Task, TimeZone, UserId};
use dayloom_kit::openapi::refusals;
use dayloom_kit::{Principal, Problem, Query, cursor};
use dayloom_task_commands::list::{Cursor, Filter, Sort, list as list_tasks};
use http::header;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::parameters;

/// Characters of a text to search for: as many as a title has.
const TEXT_CHARS_MAX: usize = 200;

/// Which tasks, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Params {
    /// Only of this status.
    status: Option<Status>,
    /// Only of this priority.
    priority: Option<Priority>,
    /// Only with this tag, written exactly so.
    #[param(max_length = 50, pattern = "^[^\\x00]*$")]
    tag: Option<String>,
    /// Only of this category, written exactly so.
    #[param(max_length = 100, pattern = "^[^\\x00]*$")]
    category: Option<String>,
    /// Only due at this instant or later; a date means its start in UTC.
    due_after: Option<Moment>,
    /// Only due before this instant; a date means its start in UTC.
    due_before: Option<Moment>,
    /// Only with this text in the title or the description; case does not matter, and there are no wildcards.
    #[param(max_length = 200, pattern = "^[^\\x00]*$")]
    q: Option<String>,
    /// The order; newest first unless said otherwise. Without a due date comes last in both directions.
    #[param(inline)]
    sort: Option<Sort>,
    /// The `next_cursor` of the page before, of the same sort.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// Tasks on the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A page of tasks.
#[derive(Debug, Serialize, ToSchema)]
struct TaskPage {
    /// In order.
    items: Vec<Task>,
    /// For the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists the user's tasks
///
/// All filters that are given must be passed. A page starts where the one before ended, whatever was added or removed in
/// between.
#[utoipa::path(
    get,
    path = "/api/{user_id}/tasks",
    tag = "tasks",
    operation_id = "list_tasks",
    params(parameters::TasksPath, Params),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of tasks", body = TaskPage),
        refusals::OfParameters,
        refusals::OfOwner,
    )
)]
pub(crate) async fn list(principal: Principal, Query(params): Query<Params>) -> Result<Response, Problem> {
    let limit = cursor::page_limit(params.limit)?;
    let sort = params.sort.unwrap_or_default();
    let after = params.cursor.as_deref().map(|text| place(text, sort)).transpose()?;
    let filter = filter(params)?;
    let page = list_tasks(&UserId::new(principal.user_id), &filter, sort, after.as_ref(), limit)?;
    let page = TaskPage {
        items: page.tasks,
        next_cursor: page.next.as_ref().map(cursor::encode),
    };
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], axum::Json(page)).into_response())
}

fn place(text: &str, sort: Sort) -> Result<Cursor, Problem> {
    let place: Cursor = cursor::decode(text)?;
    if place.is_of(sort) {
        Ok(place)
    } else {
        Err(Problem::invalid("?cursor", "This is not a cursor of this order."))
    }
}

fn filter(params: Params) -> Result<Filter, Problem> {
    let start = |moment: Moment| moment.starts_at(TimeZone::UTC);
    Ok(Filter {
        status: params.status,
        priority: params.priority,
        tag: text("?tag", params.tag, TAG_CHARS_MAX)?,
        category: text("?category", params.category, CATEGORY_CHARS_MAX)?,
        due_from: params.due_after.map(start),
        due_until: params.due_before.map(start),
        text: text("?q", params.q, TEXT_CHARS_MAX)?,
    })
}

/// A text of the query string; a blank one, as an emptied form field sends it, is none.
fn text(name: &str, value: Option<String>, chars_max: usize) -> Result<Option<String>, Problem> {
    let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
        return Ok(None);
    };
    if value.chars().count() > chars_max {
        return Err(Problem::invalid(name, format!("At most {chars_max} characters.")));
    }
    // PostgreSQL takes no text that has it.
    if value.contains('\0') {
        return Err(Problem::invalid(name, "Must not hold the character U+0000."));
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use dayloom_kit::cursor;
    use dayloom_task_commands::list::Sort;

    use super::{Params, filter, place};

    fn params(tag: &str, q: &str) -> Params {
        Params {
            tag: Some(tag.into()),
            q: Some(q.into()),
            ..Params::default()
        }
    }

    #[test]
    fn texts_may_be_as_long_as_what_they_are_compared_with() {
        assert!(filter(params(&"é".repeat(50), &"é".repeat(200))).is_ok());
        for bad in [
            params(&"é".repeat(51), ""),
            params("", &"é".repeat(201)),
            params("a\0", ""),
        ] {
            assert_eq!(filter(bad).unwrap_err().status(), 422);
        }
        let blank = filter(params("", " ")).unwrap();
        assert_eq!((blank.tag, blank.text), (None, None));
    }

    #[test]
    fn a_cursor_is_taken_in_its_own_order_only() {
        let text = cursor::encode(&("title", "a", "019aa4f6-2f00-7c3b-9d5e-3a1f0c6b7d21"));
        assert!(place(&text, Sort::Title).is_ok());
        assert_eq!(place(&text, Sort::TitleDescending).unwrap_err().status(), 422);
    }
}
