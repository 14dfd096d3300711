//! `wasi:config/store`: the variables the manifest gives the component, with their values.

use super::{
    bindings::wasi::config::store::{Error, Host},
    state::State,
};

impl Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.services.variables.get(&key).cloned()))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        let variables = &self.services.variables;
        Ok(Ok(variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()))
    }
}
