//! All component tables in the format of [`dayloom_sql::transfer`].

use std::collections::BTreeMap;
use std::io::Write;

use dayloom_sql::transfer::{TransferReport, Writer, quoted};
use futures::TryStreamExt;
use tokio_postgres::Client;

use crate::connections::{Connector, Purpose};
use crate::error::SqlError;
use crate::import::{TransferError, is_under_way};
use crate::migrations::{applied, columns, tables};
use crate::{PostgresConfig, value};

/// Writes every component table, as of one moment, in the order of the primary keys. Works beside running hosts; the
/// writer blocks.
///
/// The outbox and the timers stay behind: they are this database's unfinished work, not data. Stop the hosts and let the
/// relay empty the outbox if their effects are to be in the export.
///
/// # Errors
/// See [`TransferError`]; what was written until then has no closing line and can not be imported.
pub async fn export(config: &PostgresConfig, writer: impl Write) -> Result<TransferReport, TransferError> {
    let client = Connector::new(config.clone())?.client(Purpose::Maintain).await?;
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    if is_under_way(&client).await? {
        return Err(TransferError::Unfinished);
    }
    let mut counts = BTreeMap::new();
    for table in tables(&client).await? {
        let sql = format!("SELECT count(*) FROM {}", quoted(&table));
        let rows: i64 = client.query_one(&sql, &[]).await?.get(0);
        counts.insert(table, rows.cast_unsigned());
    }
    let mut out = Writer::begin(writer, applied(&client).await?, counts.clone())?;
    for table in counts.keys() {
        write_table(&client, table, &mut out).await?;
    }
    Ok(out.finish()?)
}

async fn write_table(client: &Client, table: &str, out: &mut Writer<impl Write>) -> Result<(), TransferError> {
    let columns = columns(client, table).await?;
    let list = |names: &[String]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let mut order = primary_key(client, table).await?;
    if order.is_empty() {
        order.clone_from(&columns);
    }
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        list(&columns),
        quoted(table),
        list(&order)
    );
    out.table(table, &columns)?;
    let rows = client.query_raw(&sql, std::iter::empty::<i32>()).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        match value::row(&row) {
            Ok(cells) => out.row(&cells)?,
            Err(SqlError::Invalid(reason)) => {
                return Err(TransferError::Cell {
                    table: table.to_owned(),
                    reason,
                });
            }
            Err(other) => return Err(TransferError::Database(other.to_string())),
        }
    }
    Ok(())
}

async fn primary_key(client: &Client, table: &str) -> Result<Vec<String>, tokio_postgres::Error> {
    let sql = "SELECT a.attname::text FROM pg_index i \
               CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) \
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
               WHERE i.indrelid = $1::text::regclass AND i.indisprimary ORDER BY k.place";
    let rows = client.query(sql, &[&quoted(table)]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
