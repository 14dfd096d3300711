//! Bindings of what Spin offers, generated once for all adapters. An adapter gets an import only by using it.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

wit_bindgen::generate!({ path: "../../../wit", world: "spin-kit", generate_all });
