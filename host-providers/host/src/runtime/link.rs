//! Which interfaces a component can find here: WASI 0.2 without files and sockets, `wasi:http`, and the platform's.
//!
//! A component is linked to what it imports and no more; importing something that is not in this list is a start error.

use wasmtime::{
    Engine,
    component::{HasSelf, Linker},
};
use wasmtime_wasi::{
    cli::{WasiCli, WasiCliView},
    p2::bindings::{cli, random},
    random::{WasiRandom, WasiRandomView},
};

use super::{
    bindings::{dayloom::platform, wasi},
    state::State,
};

/// A linker with every interface of this host.
///
/// # Errors
/// Two interfaces of one name; that is a bug of this file.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wasmtime_wasi_http::p2::add_to_linker_async(l)?;
    // What `wasi:http/proxy` lacks and Rust's standard library asks for. The environment is empty, no stream is a terminal.
    cli::environment::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, State::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, State::random)?;

    platform::storage::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    platform::scheduler::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    platform::broadcast::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    wasi::keyvalue::store::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    wasi::keyvalue::atomics::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    wasi::keyvalue::batch::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    wasi::config::store::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    Ok(linker)
}
