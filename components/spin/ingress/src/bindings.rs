//! The service that is decorated, as imports, and the export that takes its place.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

#[cfg(target_family = "wasm")]
use crate::Ingress;

wit_bindgen::generate!({
    path: "../../../wit",
    world: "spin-ingress",
    generate_all,
    with: {
        "spin:sqlite/sqlite@3.0.0": dayloom_spin_kit::bindings::spin::sqlite::sqlite,
        "spin:postgres/postgres@4.1.0": dayloom_spin_kit::bindings::spin::postgres::postgres,
        "fermyon:spin/redis@2.0.0": dayloom_spin_kit::bindings::fermyon::spin::redis,
        "wasi:config/store@0.2.0-draft-2024-09-27": dayloom_spin_kit::bindings::wasi::config::store,
        "wasi:http/types@0.2.12": wasip2::http::types,
        "wasi:http/outgoing-handler@0.2.12": wasip2::http::outgoing_handler,
        "wasi:filesystem/types@0.2.12": wasip2::filesystem::types,
        "wasi:filesystem/preopens@0.2.12": wasip2::filesystem::preopens,
        "wasi:io/error@0.2.12": wasip2::io::error,
        "wasi:io/poll@0.2.12": wasip2::io::poll,
        "wasi:io/streams@0.2.12": wasip2::io::streams,
        "wasi:clocks/monotonic-clock@0.2.12": wasip2::clocks::monotonic_clock,
        "wasi:clocks/wall-clock@0.2.12": wasip2::clocks::wall_clock,
        "wasi:random/random@0.2.12": wasip2::random::random,
        "wasi:random/insecure-seed@0.2.12": wasip2::random::insecure_seed,
        "wasi:cli/environment@0.2.12": wasip2::cli::environment,
        "wasi:cli/exit@0.2.12": wasip2::cli::exit,
        "wasi:cli/stdin@0.2.12": wasip2::cli::stdin,
        "wasi:cli/stdout@0.2.12": wasip2::cli::stdout,
        "wasi:cli/stderr@0.2.12": wasip2::cli::stderr,
        "wasi:cli/terminal-input@0.2.12": wasip2::cli::terminal_input,
        "wasi:cli/terminal-output@0.2.12": wasip2::cli::terminal_output,
        "wasi:cli/terminal-stdin@0.2.12": wasip2::cli::terminal_stdin,
        "wasi:cli/terminal-stdout@0.2.12": wasip2::cli::terminal_stdout,
        "wasi:cli/terminal-stderr@0.2.12": wasip2::cli::terminal_stderr,
    },
});

#[cfg(target_family = "wasm")]
export!(Ingress with_types_in self);
