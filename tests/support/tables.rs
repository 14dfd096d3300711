use crate::Database;

/// An independent look into an application's tables, for questions in the common subset of SQLite and PostgreSQL.
pub trait Tables {
    /// Rows of a query as text cells; NULL is the empty text.
    fn rows(&self, sql: &str) -> impl Future<Output = Vec<Vec<String>>>;

    /// One number.
    fn count(&self, sql: &str) -> impl Future<Output = i64> {
        async move {
            let rows = self.rows(sql).await;
            let cell = rows.first().and_then(|row| row.first());
            cell.and_then(|text| text.parse().ok())
                .unwrap_or_else(|| panic!("no number: {sql}: {rows:?}"))
        }
    }
}

impl Tables for Database {
    async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        Self::rows(self, sql)
    }
}

/// The tables in PostgreSQL.
#[derive(Debug)]
pub struct PostgresTables(tokio_postgres::Client);

impl PostgresTables {
    /// Connects past the application.
    pub async fn connect(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap_or_else(|error| panic!("PostgreSQL does not take a connection: {error}"));
        // Ends with the client; what goes wrong before shows at the query.
        tokio::spawn(connection);
        Self(client)
    }

    /// Changes something behind the application's back.
    pub async fn execute(&self, sql: &str) {
        self.0.batch_execute(sql).await.expect("the statement runs");
    }
}

impl Tables for PostgresTables {
    async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        use tokio_postgres::SimpleQueryMessage::Row;
        let messages = self.0.simple_query(sql).await.expect("the query runs");
        let rows = messages.into_iter().filter_map(|message| match message {
            Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            (0..row.len())
                .map(|n| row.get(n).unwrap_or_default().to_owned())
                .collect()
        })
        .collect()
    }
}
