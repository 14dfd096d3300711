//! What a store holds: everything one instance can reach, and nothing of another component.

use std::{collections::BTreeMap, sync::Arc};

use dayloom_ports::{Broadcast, ComponentId, EventPublisher, KeyValue, Scheduler, Storage};
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::{
    logs::{GuestLog, LineRate},
    memory::MemoryLimiter,
    outbound::{Outbound, OutboundHooks},
    trace::Trace,
};
use crate::config::Limits;

/// Who stands behind the platform interfaces.
#[derive(Clone)]
pub struct Providers {
    /// `dayloom:platform/storage`.
    pub storage: Arc<dyn Storage>,
    /// `wasi:keyvalue`.
    pub keyvalue: Arc<dyn KeyValue>,
    /// `dayloom:platform/scheduler`.
    pub scheduler: Arc<dyn Scheduler>,
    /// `dayloom:platform/broadcast`.
    pub broadcast: Arc<dyn Broadcast>,
    /// Where committed events go on from storage; none where storage delivers them itself.
    pub events: Option<Arc<dyn EventPublisher>>,
}

/// What all instances of one component share.
pub(super) struct Services {
    pub(super) component: ComponentId,
    pub(super) providers: Providers,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) key_value_stores: Vec<Arc<str>>,
    pub(super) outbound: Arc<Outbound>,
    pub(super) line_rate: Arc<LineRate>,
    pub(super) large_turns: Arc<Semaphore>,
}

/// Which call an instance is working on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call {
    /// The trace it belongs to.
    pub trace: Trace,
    /// Calls between the client and this one; 0 for the client's own.
    pub depth: u32,
}

impl Call {
    /// A call that comes from outside, or from the host itself.
    pub fn new(trace: Trace) -> Self {
        Self { trace, depth: 0 }
    }
}

/// The data of one store.
pub(super) struct State {
    pub(super) services: Arc<Services>,
    pub(super) table: ResourceTable,
    pub(super) memory: MemoryLimiter,
    pub(super) call: Call,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    log: GuestLog,
}

/// Handles of one instance. A call uses a dozen; a guest that keeps them is stopped before it takes the host's memory.
const RESOURCES_MAX: usize = 10_000;

impl State {
    pub(super) fn new(services: Arc<Services>, limits: &Limits) -> Self {
        let log = GuestLog::new(services.component.clone(), services.line_rate.clone());
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let call = Call::new(Trace::begin());
        Self {
            table,
            memory: MemoryLimiter::new(limits, services.large_turns.clone()),
            call,
            wasi: WasiCtx::builder().stdout(log.clone()).stderr(log.clone()).build(),
            http: WasiHttpCtx::new(),
            hooks: OutboundHooks::new(services.outbound.clone(), call),
            log,
            services,
        }
    }

    /// Everything from now on happens on behalf of `call`.
    pub(super) fn begin(&mut self, call: Call) {
        self.call = call;
        self.hooks.begin(call);
        self.log.begin(call.trace);
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
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
