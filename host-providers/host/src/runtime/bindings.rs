//! What `wasmtime` generates from the WIT tree: the interfaces this host provides and the exports it calls.

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package dayloom:host;
        world host {
            import dayloom:platform/storage@0.1.0;
            import dayloom:platform/scheduler@0.1.0;
            import dayloom:platform/broadcast@0.1.0;
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/atomics@0.2.0-draft2;
            import wasi:keyvalue/batch@0.2.0-draft2;
            import wasi:config/store@0.2.0-draft-2024-09-27;
            export dayloom:platform/handler@0.1.0;
            export dayloom:platform/job@0.1.0;
            export dayloom:platform/cron@0.1.0;
        }
    ",
    world: "dayloom:host/host",
    imports: { default: async | trappable },
    exports: { default: async },
    require_store_data_send: true,
    with: {
        "wasi:keyvalue/store.bucket": super::keyvalue::Bucket,
        "wasi:keyvalue/atomics.cas": super::keyvalue::Cas,
    },
});
