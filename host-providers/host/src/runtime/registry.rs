//! All components of the application: loaded together, found by name.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

use dayloom_ports::ComponentId;
use http::Uri;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime::{Engine, component::Linker};

use super::{
    aot::Cache,
    component::Component,
    destination::Rule,
    engine, instance,
    instance::Exports,
    link,
    logs::LineRate,
    needs::Needs,
    outbound::Outbound,
    pool::Pool,
    state::{Providers, Services, State},
};
use crate::{
    config::{Limits, Variables},
    manifest::{self, Manifest},
    meters::CallMeters,
};

/// Time between two looks for instances that have been idle for too long.
const EXPIRE_EVERY: Duration = Duration::from_secs(5);

/// The application's components.
pub struct Components {
    by_name: HashMap<Arc<str>, Arc<Component>>,
    list: Vec<Arc<Component>>,
    limits: Arc<Limits>,
    pub(super) background: Semaphore,
    pub(super) stopping: CancellationToken,
}

/// Why a component can not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine can not be made.
    #[error("the wasm engine can not start: {0:#}")]
    Engine(wasmtime::Error),
    /// The folder for compiled components can not be used.
    #[error("the cache of compiled components can not be used: {0}")]
    Cache(std::io::Error),
    /// Nobody built it.
    #[error("component `{component}` is not at {}; build it first (cargo xtask build)", path.display())]
    Missing {
        /// Its id.
        component: ComponentId,
        /// Where it should be.
        path: PathBuf,
    },
    /// Not readable, not a component, or it imports what this host does not have.
    #[error("component `{component}` ({source_file}) can not be loaded: {error:#}")]
    Component {
        /// Its id.
        component: ComponentId,
        /// Its file.
        source_file: String,
        /// What is wrong.
        error: wasmtime::Error,
    },
    /// The manifest asks for calls that the component has no export for.
    #[error(
        "component `{component}` has {what} in the manifest but does not export `{export}`; remove them or export it"
    )]
    Export {
        /// Its id.
        component: ComponentId,
        /// What the manifest wants of it.
        what: &'static str,
        /// The export it lacks.
        export: &'static str,
    },
    /// A rule of `allowed_outbound_hosts` can not be read.
    #[error("`component.{component}.allowed_outbound_hosts`: {problem}")]
    Outbound {
        /// Its id.
        component: ComponentId,
        /// What to write instead.
        problem: String,
    },
}

impl Components {
    /// Whether all components have been built, before anything is opened for them.
    ///
    /// # Errors
    /// [`LoadError::Missing`].
    pub fn check(manifest: &Manifest) -> Result<(), LoadError> {
        match manifest.components.iter().find(|component| !component.source.is_file()) {
            None => Ok(()),
            Some(component) => Err(LoadError::Missing {
                component: component.id.clone(),
                path: component.source.clone(),
            }),
        }
    }

    /// Loads all components, in parallel, from `cache` where they are there. Components that are not in the manifest are asked
    /// at the site `elsewhere`, if there is one.
    ///
    /// # Errors
    /// See [`LoadError`]; the first in the order of the manifest.
    pub fn load(
        manifest: &Manifest,
        variables: &Variables,
        limits: Arc<Limits>,
        providers: &Providers,
        cache: &Path,
        elsewhere: Option<&Uri>,
    ) -> Result<Arc<Self>, LoadError> {
        let engine = engine::engine(&limits, manifest.components.len()).map_err(LoadError::Engine)?;
        let linker = link::linker(&engine).map_err(LoadError::Engine)?;
        let cache = Cache::open(cache.to_owned(), &engine).map_err(LoadError::Cache)?;
        let loader = Loader {
            variables,
            limits: limits.clone(),
            providers,
            engine,
            linker,
            cache,
            peers: Arc::default(),
            elsewhere,
            large_turns: Arc::new(Semaphore::new(limits.large_instances())),
        };
        let list = thread::scope(|scope| {
            let loading: Vec<_> = manifest
                .components
                .iter()
                .map(|entry| scope.spawn(|| loader.load(entry)))
                .collect();
            loading
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Result<Vec<_>, _>>()
        })?;
        if let Err(error) = loader.cache.prune() {
            tracing::warn!(%error, "old compiled components were not removed");
        }
        let names = manifest.components.iter().zip(&list).flat_map(|(entry, component)| {
            let aliases = entry.aliases.iter().map(|alias| Arc::from(alias.as_str()));
            std::iter::once(entry.id.clone())
                .chain(aliases)
                .map(|name| (name, component.clone()))
        });
        let background = Semaphore::new(limits.background_calls_max);
        let components = Arc::new(Self {
            by_name: names.collect(),
            list,
            limits,
            background,
            stopping: CancellationToken::new(),
        });
        // Set once, here: every component of this application shares this cell, and calls begin after this function.
        let _first = loader.peers.set(Arc::downgrade(&components));
        Ok(components)
    }

    /// The component at that place in the manifest.
    pub fn at(&self, index: usize) -> Option<&Arc<Component>> {
        self.list.get(index)
    }

    /// The component of that id or alias.
    pub fn by_name(&self, name: &str) -> Option<Arc<Component>> {
        self.by_name.get(name).cloned()
    }

    /// Whether any of them has tables.
    pub fn need_storage(&self) -> bool {
        self.list.iter().any(|component| component.needs.storage)
    }

    /// No call waits any more for a binding that is away.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Gives the memory of instances back that have been idle for too long, until the future is dropped.
    pub async fn expire(&self) {
        let age = Duration::from_millis(self.limits.instance_idle_ms_max);
        let mut every = tokio::time::interval(EXPIRE_EVERY.min(age.max(Duration::from_millis(1))));
        loop {
            every.tick().await;
            for component in &self.list {
                let expired = component.pool.expire(age, Instant::now());
                if expired > 0 {
                    tracing::debug!(component = %component.id(), instances = expired, "idle instances given back");
                }
            }
        }
    }
}

struct Loader<'a> {
    variables: &'a Variables,
    limits: Arc<Limits>,
    providers: &'a Providers,
    engine: Engine,
    linker: Linker<State>,
    cache: Cache,
    peers: Arc<OnceLock<std::sync::Weak<Components>>>,
    elsewhere: Option<&'a Uri>,
    large_turns: Arc<Semaphore>,
}

impl Loader<'_> {
    fn load(&self, entry: &manifest::Component) -> Result<Arc<Component>, LoadError> {
        let failed = |error| LoadError::Component {
            component: entry.id.clone(),
            source_file: entry.source.display().to_string(),
            error,
        };
        let compiled = self.cache.component(&self.engine, &entry.source).map_err(failed)?;
        let pre = self.linker.instantiate_pre(&compiled).map_err(failed)?;
        let exports = Exports::of(&pre);
        let wanted = [
            (!entry.subscriptions.is_empty(), "subscriptions", instance::HANDLER),
            (!entry.cron.is_empty(), "cron schedules", instance::CRON),
        ];
        for (wanted, what, export) in wanted {
            if wanted && !exports.has(export) {
                return Err(LoadError::Export {
                    component: entry.id.clone(),
                    what,
                    export,
                });
            }
        }
        Ok(Arc::new(Component {
            pre,
            exports,
            needs: Needs::of(&self.engine, &compiled),
            services: Arc::new(self.services(entry)?),
            pool: Pool::new(&self.limits),
            limits: self.limits.clone(),
            meters: CallMeters::new(&entry.id),
        }))
    }

    fn services(&self, entry: &manifest::Component) -> Result<Services, LoadError> {
        let values = self.variables.values();
        let outbound = |problem| LoadError::Outbound {
            component: entry.id.clone(),
            problem,
        };
        let no_value = |name: &str| outbound(format!("variable `{name}` has no value"));
        let rules = entry
            .allowed_outbound_hosts
            .iter()
            .map(|rule| rule.render(values).map_err(no_value))
            // A place that the deployment does not have.
            .filter(|rule| !rule.as_ref().is_ok_and(String::is_empty))
            .map(|rule| Rule::parse(&rule?).map_err(outbound))
            .collect::<Result<_, _>>()?;
        let variables = entry
            .variables
            .iter()
            .map(|(name, template)| Ok((name.clone(), template.render(values).map_err(no_value)?)))
            .collect::<Result<_, _>>()?;
        Ok(Services {
            component: entry.id.clone(),
            providers: self.providers.clone(),
            variables,
            key_value_stores: entry.key_value_stores.iter().map(|name| name.as_str().into()).collect(),
            outbound: Arc::new(Outbound {
                component: entry.id.clone(),
                rules,
                peers: self.peers.clone(),
                elsewhere: self.elsewhere.cloned(),
                depth_max: self.limits.call_depth_max,
            }),
            line_rate: Arc::new(LineRate::new()),
            large_turns: self.large_turns.clone(),
        })
    }
}
