//! What the provider has to know of the database before it serves.

use tokio_postgres::Client;

use crate::OpenError;
use crate::firewall::Catalog;

/// The oldest server whose SQL the components are written for.
const SERVER_VERSION_MIN: i32 = 15;

/// Refuses a server on which the interface's promises would not hold.
pub(crate) async fn check_server(client: &Client) -> Result<(), OpenError> {
    let sql = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), \
               current_setting('synchronous_commit'), current_setting('fsync')";
    let row = client.query_one(sql, &[]).await?;
    let (version, encoding): (i32, String) = (row.get(0), row.get(1));
    let (synchronous_commit, fsync): (String, String) = (row.get(2), row.get(3));
    if version < SERVER_VERSION_MIN {
        return Err(OpenError::Config(format!(
            "the server is PostgreSQL {version}; use {SERVER_VERSION_MIN} or later"
        )));
    }
    if encoding != "UTF8" {
        return Err(OpenError::Config(format!(
            "the database has the encoding {encoding}; create it with ENCODING 'UTF8'"
        )));
    }
    if synchronous_commit == "off" {
        return Err(OpenError::Config(
            "`synchronous_commit` is off, so acknowledged commits could be lost; set it to on for this role or database"
                .to_owned(),
        ));
    }
    if fsync == "off" {
        tracing::warn!("the database server runs with fsync off: commits do not survive a power failure");
    }
    Ok(())
}

/// Names that are there, and the tables on which more happens than a statement says.
pub(crate) async fn read(client: &Client) -> Result<Catalog, OpenError> {
    let sql = "SELECT lower(c.relname), c.relkind <> 'r' OR c.relhasrules OR EXISTS \
                   (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')";
    let mut catalog = Catalog::default();
    for row in client.query(sql, &[]).await? {
        let name: String = row.get(0);
        if row.get(1) {
            catalog.intercepted.insert(name.clone());
        }
        catalog.relations.insert(name);
    }
    Ok(catalog)
}
