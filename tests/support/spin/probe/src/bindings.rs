//! Spin's interfaces, as a component sees them.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

wit_bindgen::generate!({
    path: "../../../../wit",
    inline: "
        package dayloom:spin-probe;
        world probe {
            import spin:sqlite/sqlite@3.0.0;
            import spin:postgres/postgres@4.1.0;
            import fermyon:spin/redis@2.0.0;
            import wasi:keyvalue/store@0.2.0-draft2;
            import wasi:keyvalue/atomics@0.2.0-draft2;
            import wasi:config/store@0.2.0-draft-2024-09-27;
        }
    ",
    world: "dayloom:spin-probe/probe",
    generate_all,
});
