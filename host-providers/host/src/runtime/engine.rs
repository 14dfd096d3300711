//! The wasm engine: how memory is pooled, and the clock that keeps a busy guest from holding a worker.

use std::{thread, time::Duration};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use crate::config::Limits;

/// Time between epochs. A guest yields to other tasks at each, so this is how long it can hold a worker.
const TICK: Duration = Duration::from_millis(5);
/// Core instances in one component: its module, and the shims that `wit-component` puts around it.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;
/// Tables in one component: its module's and its shim's.
const TABLES_PER_COMPONENT: u32 = 4;
/// Entries of one table: every function that a large program takes the address of.
const TABLE_ELEMENTS_MAX: usize = 50_000;
/// Bytes of a returned memory that are cleared by hand rather than given back to the system. Instances live for many
/// calls, so returning is rare and keeping little costs little.
const MEMORY_BYTES_KEPT_RESIDENT: usize = 64 * 1024;
/// As above, for tables.
const TABLE_BYTES_KEPT_RESIDENT: usize = 8 * 1024;
/// Bytes of a guest's own stack within its fiber.
const WASM_STACK_BYTES: usize = 512 * 1024;
/// Bytes of a fiber's stack: the guest's and what host calls need beneath it.
const FIBER_STACK_BYTES: usize = 1024 * 1024;

/// Makes the engine for `components` components and starts its clock, which ends with the engine.
///
/// # Errors
/// The processor or the system lacks what the configuration needs, such as address space for the pool.
pub(super) fn engine(limits: &Limits, components: usize) -> wasmtime::Result<Engine> {
    let instances = u32::try_from(limits.instances_max.saturating_mul(components.max(1))).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .total_memories(instances)
        .max_memories_per_component(1)
        .max_memory_size(limits.instance_memory_bytes_max)
        .total_tables(instances.saturating_mul(TABLES_PER_COMPONENT))
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .table_elements(TABLE_ELEMENTS_MAX)
        .total_stacks(instances)
        .linear_memory_keep_resident(MEMORY_BYTES_KEPT_RESIDENT)
        .table_keep_resident(TABLE_BYTES_KEPT_RESIDENT);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES);
    let engine = Engine::new(&config)?;
    start_clock(&engine)?;
    Ok(engine)
}

/// A thread of its own: a timer task could not tick while every worker runs a busy guest.
fn start_clock(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("epoch".to_owned()).spawn(tick)?;
    Ok(())
}
