use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use tokio_postgres::{Config, NoTls};

/// Connections of one address, as many as Spin keeps.
const CONNECTIONS_MAX: usize = 64;

/// A pool for each address.
#[derive(Default)]
pub(crate) struct Pools(Mutex<HashMap<String, Pool>>);

impl Pools {
    /// A connection to that address, of those that are free if there is one.
    pub(super) async fn connection(&self, address: &str) -> anyhow::Result<Object> {
        Ok(self.pool(address)?.get().await?)
    }

    fn pool(&self, address: &str) -> anyhow::Result<Pool> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(address) {
            return Ok(pool.clone());
        }
        let config: Config = address.parse()?;
        // As Spin: the session's settings, cursors, locks and temporary tables are reset; a transaction is not ended.
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Clean,
        };
        let manager = Manager::from_config(config, NoTls, manager);
        let pool = Pool::builder(manager).max_size(CONNECTIONS_MAX).build()?;
        pools.insert(address.to_owned(), pool.clone());
        Ok(pool)
    }
}
