//! What one instance can reach, which is what its component may.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::{
    app::told,
    bindings::wasi::config::store::{Error as ConfigError, Host as Config},
    keyvalue::Stores,
    outbound::Outbound,
    postgres::Pools,
    rules::Rules,
};

/// What all instances of a component share.
pub(crate) struct Services {
    pub(crate) id: String,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) sqlite_databases: Vec<String>,
    pub(crate) rules: Rules,
    /// Mounted as `/`.
    pub(crate) files: Option<PathBuf>,
    pub(crate) is_quiet: bool,
    pub(crate) shared: Arc<Shared>,
}

/// What all components share.
pub(crate) struct Shared {
    pub(crate) state_dir: PathBuf,
    pub(crate) stores: Stores,
    pub(crate) pools: Pools,
}

pub(crate) struct State {
    pub(crate) services: Arc<Services>,
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl State {
    pub(crate) fn new(services: Arc<Services>, outbound: Outbound) -> anyhow::Result<Self> {
        let mut wasi = WasiCtx::builder();
        if !services.is_quiet {
            // Both to standard error: standard output says where the application listens, and no more.
            wasi.stdout(wasmtime_wasi::cli::stderr()).inherit_stderr();
        }
        if let Some(folder) = &services.files {
            wasi.preopened_dir(folder, "/", FsPerms::ReadOnly).map_err(told)?;
        }
        Ok(Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            outbound,
            services,
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl Config for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, ConfigError>> {
        Ok(Ok(self.services.variables.get(&key).cloned()))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, ConfigError>> {
        Ok(Ok(self.services.variables.clone().into_iter().collect()))
    }
}
