//! The interfaces a component finds here: all of WASI 0.2, outgoing HTTP, and those of [`crate::bindings`].

use wasmtime::{
    Engine,
    component::{HasSelf, Linker},
};

use crate::{
    bindings::{
        fermyon, spin,
        wasi::{config, keyvalue},
    },
    state::State,
};

pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    wasmtime_wasi::p2::add_to_linker_async(l)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(l)?;
    spin::sqlite::sqlite::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    spin::postgres::postgres::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    fermyon::spin::redis::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    keyvalue::store::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    keyvalue::atomics::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    keyvalue::batch::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    config::store::add_to_linker::<_, HasSelf<State>>(l, |state| state)?;
    Ok(linker)
}
