//! The engine: one instance a request, so instances come from a pool.

use std::{thread, time::Duration};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// Time between epochs, at which a busy guest steps aside for other tasks.
const TICK: Duration = Duration::from_millis(10);
/// Instances at a time: requests under way, and what goes on after their answers.
const INSTANCES_MAX: u32 = 1_000;
/// Core instances of one composed component: several modules, and the shims around each.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
/// Memories of one composed component: one for each module.
const MEMORIES_PER_COMPONENT: u32 = 16;
/// Tables of one composed component.
const TABLES_PER_COMPONENT: u32 = 32;
/// Bytes of one memory.
const MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Entries of one table.
const TABLE_ELEMENTS_MAX: usize = 50_000;

pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES_MAX)
        .total_core_instances(INSTANCES_MAX * 8)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .total_memories(INSTANCES_MAX * 4)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_memory_size(MEMORY_BYTES_MAX)
        .total_tables(INSTANCES_MAX * 8)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .table_elements(TABLE_ELEMENTS_MAX)
        .total_stacks(INSTANCES_MAX);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let ticking = engine.weak();
    let tick = move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("epoch".to_owned()).spawn(tick)?;
    Ok(engine)
}
