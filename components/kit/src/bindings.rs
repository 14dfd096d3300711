//! Bindings of every import a component can have, generated once, and the macro that generates a component's exports.
//!
//! A component gets an import only by using it; a test holds each built component against its own world.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]

wit_bindgen::generate!({ path: "../../wit", world: "kit", generate_all });

/// Generates `mod bindings` for a world of `wit/` and exports `$component`, a unit struct that implements the world's other
/// `Guest` traits. The HTTP export is written here: it serves `$routes`, a function that makes an [`axum::Router`], built
/// once per instance.
///
/// The list in brackets repeats what the world imports beyond its runtime, so that each import is taken from this crate
/// instead of being generated again: `storage`, `scheduler`, `broadcast`, `keyvalue`, `atomics`, `config`, `outgoing_http`.
///
/// ```ignore
/// struct Audit;
/// dayloom_kit::component!("audit", Audit, routes, [storage keyvalue config outgoing_http]);
/// ```
#[macro_export]
macro_rules! component {
    ($world:literal, $component:ident, $routes:path, [$($import:ident)*]) => {
        $crate::component!(@imports ($world, $component, $routes) [$($import)*] {});
    };
    (@imports $c:tt [storage $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "dayloom:platform/storage@0.1.0": dayloom_kit::bindings::dayloom::platform::storage, });
    };
    (@imports $c:tt [scheduler $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "dayloom:platform/scheduler@0.1.0": dayloom_kit::bindings::dayloom::platform::scheduler, });
    };
    (@imports $c:tt [broadcast $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "dayloom:platform/broadcast@0.1.0": dayloom_kit::bindings::dayloom::platform::broadcast, });
    };
    (@imports $c:tt [keyvalue $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "wasi:keyvalue/store@0.2.0-draft2": dayloom_kit::bindings::wasi::keyvalue::store, });
    };
    (@imports $c:tt [atomics $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "wasi:keyvalue/atomics@0.2.0-draft2": dayloom_kit::bindings::wasi::keyvalue::atomics, });
    };
    (@imports $c:tt [config $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "wasi:config/store@0.2.0-draft-2024-09-27": dayloom_kit::bindings::wasi::config::store, });
    };
    (@imports $c:tt [outgoing_http $($rest:ident)*] { $($with:tt)* }) => {
        $crate::component!(@imports $c [$($rest)*] { $($with)*
            "wasi:http/outgoing-handler@0.2.12": dayloom_kit::wasip2::http::outgoing_handler, });
    };
    (@imports ($world:literal, $component:ident, $routes:path) [] { $($with:tt)* }) => {
        #[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
        mod bindings {
            use super::$component;

            $crate::wit_bindgen::generate!({
                path: "../../wit",
                world: $world,
                runtime_path: "dayloom_kit::wit_bindgen::rt",
                generate_all,
                with: {
                    $($with)*
                    "wasi:http/types@0.2.12": dayloom_kit::wasip2::http::types,
                    "wasi:io/error@0.2.12": dayloom_kit::wasip2::io::error,
                    "wasi:io/poll@0.2.12": dayloom_kit::wasip2::io::poll,
                    "wasi:io/streams@0.2.12": dayloom_kit::wasip2::io::streams,
                    "wasi:clocks/monotonic-clock@0.2.12": dayloom_kit::wasip2::clocks::monotonic_clock,
                    "wasi:clocks/wall-clock@0.2.12": dayloom_kit::wasip2::clocks::wall_clock,
                    "wasi:random/random@0.2.12": dayloom_kit::wasip2::random::random,
                    "wasi:random/insecure-seed@0.2.12": dayloom_kit::wasip2::random::insecure_seed,
                    "wasi:cli/environment@0.2.12": dayloom_kit::wasip2::cli::environment,
                    "wasi:cli/exit@0.2.12": dayloom_kit::wasip2::cli::exit,
                    "wasi:cli/stdin@0.2.12": dayloom_kit::wasip2::cli::stdin,
                    "wasi:cli/stdout@0.2.12": dayloom_kit::wasip2::cli::stdout,
                    "wasi:cli/stderr@0.2.12": dayloom_kit::wasip2::cli::stderr,
                    "wasi:cli/terminal-input@0.2.12": dayloom_kit::wasip2::cli::terminal_input,
                    "wasi:cli/terminal-output@0.2.12": dayloom_kit::wasip2::cli::terminal_output,
                    "wasi:cli/terminal-stdin@0.2.12": dayloom_kit::wasip2::cli::terminal_stdin,
                    "wasi:cli/terminal-stdout@0.2.12": dayloom_kit::wasip2::cli::terminal_stdout,
                    "wasi:cli/terminal-stderr@0.2.12": dayloom_kit::wasip2::cli::terminal_stderr,
                },
            });

            impl exports::wasi::http::incoming_handler::Guest for $component {
                fn handle(
                    request: $crate::wasip2::http::types::IncomingRequest,
                    response: $crate::wasip2::http::types::ResponseOutparam,
                ) {
                    static ROUTES: std::sync::OnceLock<axum::Router> = std::sync::OnceLock::new();
                    $crate::serve(ROUTES.get_or_init($routes), request, response);
                }
            }

            #[cfg(target_family = "wasm")]
            export!($component with_types_in self);
        }
    };
}
