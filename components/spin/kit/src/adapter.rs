/// Generates `mod bindings` for a world of `wit/` and exports `$component`, a unit struct that implements the world's
/// `Guest` traits. Whoever uses it has `wit-bindgen` and `wasip2` among its dependencies.
///
/// The list in brackets repeats what the world imports beyond its runtime, so that each import is taken from this crate
/// instead of being generated again: `sqlite`, `postgres`, `redis`, `config`, `files`, `http`.
///
/// ```ignore
/// struct Storage;
/// dayloom_spin_kit::adapter!("spin-storage", Storage, [sqlite postgres config files]);
/// ```
#[macro_export]
macro_rules! adapter {
    ($world:literal, $component:ident, [$($import:ident)*]) => {
        $crate::adapter!(@imports ($world, $component) [$($import)*] {});
    };
    (@imports $c:tt [sqlite $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "spin:sqlite/sqlite@3.0.0": dayloom_spin_kit::bindings::spin::sqlite::sqlite, });
    };
    (@imports $c:tt [postgres $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "spin:postgres/postgres@4.1.0": dayloom_spin_kit::bindings::spin::postgres::postgres, });
    };
    (@imports $c:tt [redis $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "fermyon:spin/redis@2.0.0": dayloom_spin_kit::bindings::fermyon::spin::redis, });
    };
    (@imports $c:tt [config $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "wasi:config/store@0.2.0-draft-2024-09-27": dayloom_spin_kit::bindings::wasi::config::store, });
    };
    (@imports $c:tt [files $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "wasi:filesystem/types@0.2.12": dayloom_spin_kit::wasip2::filesystem::types,
            "wasi:filesystem/preopens@0.2.12": dayloom_spin_kit::wasip2::filesystem::preopens, });
    };
    (@imports $c:tt [http $($rest:ident)*] { $($with:tt)* }) => {
        $crate::adapter!(@imports $c [$($rest)*] { $($with)*
            "wasi:http/types@0.2.12": dayloom_spin_kit::wasip2::http::types,
            "wasi:http/outgoing-handler@0.2.12": dayloom_spin_kit::wasip2::http::outgoing_handler, });
    };
    (@imports ($world:literal, $component:ident) [] { $($with:tt)* }) => {
        #[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
        mod bindings {
            use super::$component;

            $crate::wit_bindgen::generate!({
                path: "../../../wit",
                world: $world,
                runtime_path: "dayloom_spin_kit::wit_bindgen::rt",
                generate_all,
                with: {
                    $($with)*
                    "wasi:io/error@0.2.12": dayloom_spin_kit::wasip2::io::error,
                    "wasi:io/poll@0.2.12": dayloom_spin_kit::wasip2::io::poll,
                    "wasi:io/streams@0.2.12": dayloom_spin_kit::wasip2::io::streams,
                    "wasi:clocks/monotonic-clock@0.2.12": dayloom_spin_kit::wasip2::clocks::monotonic_clock,
                    "wasi:clocks/wall-clock@0.2.12": dayloom_spin_kit::wasip2::clocks::wall_clock,
                    "wasi:random/random@0.2.12": dayloom_spin_kit::wasip2::random::random,
                    "wasi:random/insecure-seed@0.2.12": dayloom_spin_kit::wasip2::random::insecure_seed,
                    "wasi:cli/environment@0.2.12": dayloom_spin_kit::wasip2::cli::environment,
                    "wasi:cli/exit@0.2.12": dayloom_spin_kit::wasip2::cli::exit,
                    "wasi:cli/stdin@0.2.12": dayloom_spin_kit::wasip2::cli::stdin,
                    "wasi:cli/stdout@0.2.12": dayloom_spin_kit::wasip2::cli::stdout,
                    "wasi:cli/stderr@0.2.12": dayloom_spin_kit::wasip2::cli::stderr,
                    "wasi:cli/terminal-input@0.2.12": dayloom_spin_kit::wasip2::cli::terminal_input,
                    "wasi:cli/terminal-output@0.2.12": dayloom_spin_kit::wasip2::cli::terminal_output,
                    "wasi:cli/terminal-stdin@0.2.12": dayloom_spin_kit::wasip2::cli::terminal_stdin,
                    "wasi:cli/terminal-stdout@0.2.12": dayloom_spin_kit::wasip2::cli::terminal_stdout,
                    "wasi:cli/terminal-stderr@0.2.12": dayloom_spin_kit::wasip2::cli::terminal_stderr,
                },
            });

            #[cfg(target_family = "wasm")]
            export!($component with_types_in self);
        }
    };
}
