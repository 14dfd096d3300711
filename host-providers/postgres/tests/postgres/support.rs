//! A database of a test's own.

pub(crate) use dayloom_ports::conformance::delivery_fixture::eventually;
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use dayloom_ports::conformance::fixture;
use dayloom_ports::{ComponentId, Grant};
use dayloom_postgres::{PostgresConfig, PostgresStore, TlsMode};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

const HOW: &str = "DAYLOOM_TEST_POSTGRES_URL is not set: start PostgreSQL 15 or later, then set it to \
                   postgres://<a role that may create databases>@127.0.0.1:<port>/postgres";

/// A database with a folder of migrations; dropped with everything in it.
pub(crate) struct Database {
    server: String,
    name: String,
    migrations: TempDir,
}

impl Database {
    /// An empty database and the migration of the conformance suite.
    pub(crate) async fn new() -> Self {
        Self::with("TEMPLATE template0").await
    }

    pub(crate) async fn with(options: &str) -> Self {
        let server = std::env::var("DAYLOOM_TEST_POSTGRES_URL").expect(HOW);
        Self::on(server, options).await
    }

    /// One on another server than the tests'.
    pub(crate) async fn on(server: String, options: &str) -> Self {
        let name = format!("dayloom_test_{}", Uuid::now_v7().simple());
        let migrations = TempDir::new().expect("a temporary directory");
        let database = Self {
            server,
            name,
            migrations,
        };
        let (migration, sql) = fixture::MIGRATION;
        database.write_migration(migration, sql);
        let sql = format!("CREATE DATABASE {} {options}", database.name);
        client(&database.server)
            .await
            .batch_execute(&sql)
            .await
            .expect("a database is created");
        database
    }

    pub(crate) fn write_migration(&self, name: &str, sql: &str) {
        std::fs::write(self.migrations.path().join(name), sql).expect("a migration is written");
    }

    pub(crate) fn migrations(&self) -> &Path {
        self.migrations.path()
    }

    pub(crate) fn url(&self) -> String {
        let config = tokio_postgres::Config::from_str(&self.server).expect("the URL parses");
        let database = format!("/{}", config.get_dbname().expect("the URL names a database"));
        match self.server.rfind(&database) {
            Some(at) => format!(
                "{}/{}{}",
                &self.server[..at],
                self.name,
                &self.server[at + database.len()..]
            ),
            None => panic!("the URL ends in its database"),
        }
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        PostgresConfig {
            tls: TlsMode::Off,
            // A machine that is busy with other tests takes its time to connect.
            connect_timeout_ms: 30_000,
            ..PostgresConfig::new(self.url())
        }
    }

    /// A store with the fixture's grants and topics; as many as one wants.
    pub(crate) async fn store(&self) -> Arc<PostgresStore> {
        self.store_with(self.config()).await
    }

    pub(crate) async fn store_with(&self, config: PostgresConfig) -> Arc<PostgresStore> {
        PostgresStore::open(config, grants(), fixture::topics(), self.migrations())
            .await
            .expect("the store opens")
    }

    /// A connection beside the provider.
    pub(crate) async fn client(&self) -> Client {
        client(&self.url()).await
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.expect(sql).get(0)
    }

    /// Cuts every connection but the one it uses, as a restart of the server does.
    pub(crate) async fn cut_connections(&self) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
            self.name
        );
        client(&self.server)
            .await
            .batch_execute(&sql)
            .await
            .expect("connections are cut");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) = (
            self.server.clone(),
            format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
        // A thread of its own, because the test's runtime can not be waited for here.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async { client(&server).await.batch_execute(&sql).await.expect("it is dropped") });
        });
        assert!(dropped.join().is_ok() || std::thread::panicking());
    }
}

pub(crate) fn grants() -> HashMap<ComponentId, Grant> {
    let grant = |&(component, tables, publishes): &fixture::GrantRow| {
        let tables = tables.iter().map(ToString::to_string).collect();
        let publishes = publishes.iter().map(ToString::to_string).collect();
        (ComponentId::from(component), Grant { tables, publishes })
    };
    fixture::GRANTS.iter().map(grant).collect()
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    // Ends with the client; what it says then, the client's calls have said.
    tokio::spawn(async move { drop(connection.await) });
    client
}
