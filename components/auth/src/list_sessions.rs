use axum::response::Response;
use dayloom_domain::Timestamp;
use dayloom_kit::openapi::refusals;
use dayloom_kit::storage::{self, Cells, Row, StorageError, Value};
use dayloom_kit::{Problem, Query, cursor, now_ms};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer;
use crate::session::Session;

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Sessions on the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 2048)]
    cursor: Option<String>,
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
struct SessionPage {
    /// The latest sign-in first.
    items: Vec<SessionEntry>,
    /// For the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A session of the user's own.
#[derive(Serialize, ToSchema)]
struct SessionEntry {
    /// UUIDv7.
    id: String,
    /// What the client called itself when it signed in.
    #[schema(required)]
    user_agent: Option<String>,
    /// When it was signed in.
    created_at: Timestamp,
    /// When it was used last, to the hour.
    last_seen_at: Timestamp,
    /// When it ends if it is not used.
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// Lists the user's sessions
#[utoipa::path(
    get,
    path = "/api/auth/sessions",
    tag = "auth",
    params(Page),
    security(("session_cookie" = [])),
    responses(
        (status = 200, description = "A page of sessions", body = SessionPage, headers(("Cache-Control" = String))),
        refusals::OfParameters,
        refusals::OfCredential,
    )
)]
pub(crate) async fn list_sessions(session: Session, Query(page): Query<Page>) -> Result<Response, Problem> {
    let limit = cursor::page_limit(page.limit)?;
    let before = match &page.cursor {
        Some(cursor) => cursor::decode::<Uuid>(cursor)?,
        None => Uuid::max(),
    };
    let mut items = older_than(before, limit + 1, &session)?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor::encode(&last.id));
    Ok(answer::private(
        StatusCode::OK,
        &SessionPage { items, next_cursor },
        None,
    ))
}

/// Ids are in the order of their making, so they are the list's order too.
fn older_than(before: Uuid, limit: usize, session: &Session) -> Result<Vec<SessionEntry>, StorageError> {
    let limit = i64::try_from(limit).expect("a page is small");
    let rows = storage::query(
        "SELECT id, user_agent, created_at, last_seen_at, expires_at FROM sessions \
         WHERE user_id = $1 AND expires_at > $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        &[
            session.user.id.as_str().into(),
            now_ms().into(),
            before.to_string().into(),
            Value::from(limit),
        ],
    )?;
    rows.into_iter().map(|row| read(row, session)).collect()
}

fn read(row: Row, asking: &Session) -> Result<SessionEntry, StorageError> {
    let mut cells = Cells::of(row);
    let id = cells.text()?;
    Ok(SessionEntry {
        current: id == asking.id,
        id,
        user_agent: cells.optional_text()?,
        created_at: Timestamp::from_ms(cells.integer()?),
        last_seen_at: Timestamp::from_ms(cells.integer()?),
        expires_at: Timestamp::from_ms(cells.integer()?),
    })
}
