//! The native twin: what the components' HTTP surface, token check, statements and durable consequences cost without wasm.
//!
//! It uses the same domain, the same SQLite provider (so the same group commit) and the same statements. What `audit` does
//! after the commit is done inside it: a monolith would, and the durable work is the same.

mod principal;
mod rows;
mod tasks;

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::{get, patch, post};
use dayloom_ports::{ComponentId, TopicMap};
use dayloom_sqlite::{Grant, SqliteConfig, SqliteStore};
use jwt_simple::prelude::Ed25519PublicKey;

/// What every handler can reach.
struct Twin {
    store: Arc<SqliteStore>,
    component: ComponentId,
    verifier: principal::Verifier,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: dayloom-bench-native HOST:PORT DATA MIGRATIONS";
    let mut next = || args.next().context(usage);
    let (listen, data, migrations) = (next()?, next()?, next()?);
    let key =
        Ed25519PublicKey::from_pem(&std::env::var("PUBLIC_KEY_PEM").context("PUBLIC_KEY_PEM is the tokens' key")?)?;

    let component: ComponentId = "tasks".into();
    let mut config = SqliteConfig::new(data, migrations);
    let tables = ["tasks", "task_tags", "audit_logs"].map(str::to_owned).into();
    config.grants.insert(
        component.clone(),
        Grant {
            tables,
            publishes: vec!["*".into()],
        },
    );
    config.topic_map = TopicMap {
        rules: vec![("*".into(), vec!["task-events".into()])],
    };
    let twin = Twin {
        store: SqliteStore::open(config)?,
        component,
        verifier: principal::Verifier::new(key),
    };

    let routes = Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/api/{user_id}/tasks", post(tasks::create).get(tasks::list))
        .route("/api/{user_id}/tasks/{id}", get(tasks::read))
        .route("/api/{user_id}/tasks/{id}/complete", patch(tasks::complete))
        .with_state(Arc::new(twin));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))),
        routes,
    )
    .await?;
    Ok(())
}
