//! What `wasmtime` generates from the WIT tree: Spin's interfaces and those of WASI that it has beyond the usual.

wasmtime::component::bindgen!({
    path: "../../../wit",
    inline: "
        package dayloom:spin-test-host;
        world host {
            import spin:sqlite/sqlite@3.0.0;
            import spin:postgres/postgres@4.1.0;
            import fermyon:spin/redis@2.0.0;
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/atomics@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
            import wasi:config/store@0.2.0-draft-2024-09-27;
        }
    ",
    world: "dayloom:spin-test-host/host",
    imports: { default: async | trappable },
    require_store_data_send: true,
    with: {
        "spin:sqlite/sqlite.connection": crate::sqlite::Connection,
        "spin:postgres/postgres.connection": crate::postgres::Connection,
        "spin:postgres/postgres.connection-builder": crate::postgres::Builder,
        "fermyon:spin/redis.connection": crate::redis::Connection,
        "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
        "wasi:keyvalue/atomics.cas": crate::keyvalue::Cas,
    },
});
