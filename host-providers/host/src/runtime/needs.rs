//! The bindings without which a component's background calls can not succeed.

use wasmtime::{Engine, component::Component};

use super::state::Providers;

const STORAGE: &str = "dayloom:platform/storage@";
const BROADCAST: &str = "dayloom:platform/broadcast@";

/// What a component imports of the bindings that can be away. Key-value is not among them: it holds what may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) storage: bool,
    broadcast: bool,
}

impl Needs {
    pub(super) fn of(engine: &Engine, component: &Component) -> Self {
        let imports = |interface: &str| {
            let component = component.component_type();
            component.imports(engine).any(|import| import.0.starts_with(interface))
        };
        Self {
            storage: imports(STORAGE),
            broadcast: imports(BROADCAST),
        }
    }

    /// Whether they are there.
    ///
    /// # Errors
    /// Why the first one is not.
    pub(super) async fn are_met(&self, providers: &Providers) -> Result<(), String> {
        if self.storage {
            providers.storage.ready().await?;
        }
        if self.broadcast {
            providers.broadcast.ready().await?;
        }
        Ok(())
    }
}
