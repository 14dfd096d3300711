use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use dayloom_domain::event::RawEvent;
use dayloom_domain::{Stamp, Task, TaskDraft, Timestamp, UserId};
use dayloom_kit::storage::Commit;
use dayloom_ports::{Statement, Storage, Value};
use dayloom_task_commands::{creation, updating};
use serde::Serialize;

use crate::principal::Principal;
use crate::{Twin, rows};

const STAMP: Stamp<'_> = Stamp {
    source: "/dayloom/tasks",
    correlation_id: "native",
};
const APPEND: &str = "INSERT INTO audit_logs \
    (user_id, occurred_at, event_id, event_type, task_id, sequence, correlation_id, payload, previous) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (user_id, occurred_at, event_id) DO NOTHING";

#[derive(Serialize)]
pub(crate) struct Page {
    items: Vec<Task>,
    next_cursor: Option<String>,
}

type Shared = State<Arc<Twin>>;
type Answer<T> = Result<T, StatusCode>;

pub(crate) async fn create(
    State(twin): Shared,
    Principal(user): Principal,
    Json(draft): Json<TaskDraft>,
) -> Answer<(StatusCode, Json<Task>)> {
    let creation = creation(draft, user, None, STAMP).map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    commit(&twin, creation.commit).await?;
    Ok((StatusCode::CREATED, Json(creation.task)))
}

pub(crate) async fn read(
    State(twin): Shared,
    Principal(user): Principal,
    Path((_, id)): Path<(String, String)>,
) -> Answer<Json<Task>> {
    find(&twin, &user, &id).await.map(Json)
}

pub(crate) async fn list(State(twin): Shared, Principal(user): Principal) -> Answer<Json<Page>> {
    let sql = format!(
        "SELECT {} FROM tasks WHERE user_id = $1 ORDER BY id DESC LIMIT 51",
        rows::COLUMNS
    );
    let mut items = select(&twin, &user, &sql, &[Value::Text(user.to_string())]).await?;
    let next_cursor = (items.len() > 50).then(|| items[49].id.to_string());
    items.truncate(50);
    Ok(Json(Page { items, next_cursor }))
}

pub(crate) async fn complete(
    State(twin): Shared,
    Principal(user): Principal,
    Path((_, id)): Path<(String, String)>,
) -> Answer<Json<Task>> {
    let transition = find(&twin, &user, &id).await?.complete(now());
    commit(&twin, updating(&transition, STAMP)).await?;
    Ok(Json(transition.task))
}

async fn find(twin: &Twin, user: &UserId, id: &str) -> Answer<Task> {
    let sql = format!("SELECT {} FROM tasks WHERE user_id = $1 AND id = $2", rows::COLUMNS);
    let params = [Value::Text(user.to_string()), Value::Text(id.to_owned())];
    select(twin, user, &sql, &params)
        .await?
        .pop()
        .ok_or(StatusCode::NOT_FOUND)
}

async fn select(twin: &Twin, user: &UserId, sql: &str, params: &[Value]) -> Answer<Vec<Task>> {
    let found = twin
        .store
        .query(&twin.component, sql, params)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    found
        .into_iter()
        .map(|row| rows::task(user, row))
        .collect::<Result<_, _>>()
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Commits the change, its events, and what `audit` would store of them.
async fn commit(twin: &Twin, commit: Commit) -> Answer<()> {
    let mut statements: Vec<Statement> = commit.statements.into_iter().map(rows::statement).collect();
    for event in &commit.events {
        statements.push(appended(&event.body).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?);
    }
    let events = commit.events.into_iter().map(rows::event).collect();
    twin.store
        .commit(&twin.component, statements, events)
        .await
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(())
}

fn appended(body: &str) -> anyhow::Result<Statement> {
    let event = RawEvent::parse(body.as_bytes())?;
    let data = event.data;
    let text = |text: &str| Value::Text(text.to_owned());
    let params = vec![
        text(&data.user_id),
        Value::Integer(event.time.as_ms()),
        text(&event.id),
        text(&event.type_name),
        Value::Text(data.task_id.to_string()),
        Value::Integer(data.sequence.try_into()?),
        text(&data.correlation_id),
        text(data.payload.get()),
        data.previous.map_or(Value::Null, |previous| text(previous.get())),
    ];
    Ok(Statement {
        sql: APPEND.to_owned(),
        params,
        expected_changes: Some(1),
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
