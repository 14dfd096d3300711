//! The application: its components, compiled, and the calls they take.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock, Weak},
};

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi_http::{
    Error, WasiBody, WasiHttpView,
    p2::bindings::{ProxyPre, http::types::Scheme},
};

use crate::{
    aot::Cache,
    arguments::Up,
    compose, engine, files,
    keyvalue::Stores,
    link,
    manifest::{Component, Manifest, Route},
    outbound::Outbound,
    postgres::Pools,
    routes::{Routes, Target},
    rules::Rules,
    state::{Services, Shared, State},
    variables,
};

pub(crate) struct App {
    engine: Engine,
    components: BTreeMap<String, Loaded>,
    routes: Routes,
    /// How the components reach each other.
    this: Arc<OnceLock<Weak<App>>>,
}

struct Loaded {
    services: Arc<Services>,
    pre: ProxyPre<State>,
}

/// Why a component gave no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no component of that name.
    Unknown,
    /// It trapped, ended without an answer, or could not be started.
    Component(anyhow::Error),
}

impl App {
    /// Loads the application of the manifest.
    pub(crate) fn load(arguments: &Up) -> anyhow::Result<Arc<Self>> {
        let manifest = Manifest::load(&arguments.from)?;
        let state_dir = match &arguments.state_dir {
            Some(folder) => folder.clone(),
            None => manifest.folder.join(".spin"),
        };
        std::fs::create_dir_all(&state_dir).with_context(|| format!("can not make {}", state_dir.display()))?;
        let values = variables::values(&manifest.document, &arguments.variables)?;
        let shared = Arc::new(Shared {
            stores: Stores::open(&state_dir)?,
            pools: Pools::default(),
            state_dir,
        });
        let engine = engine::engine().map_err(told)?;
        let cache = Cache::open(&engine)?;
        let linker = link::linker(&engine).map_err(told)?;
        let mut components = BTreeMap::new();
        for (id, entry) in &manifest.document.component {
            let load = || -> anyhow::Result<Loaded> {
                let wasm = compose::compose(&manifest, id, entry)?;
                let compiled = cache.component(&engine, &wasm)?;
                let linked = linker.instantiate_pre(&compiled).map_err(told)?;
                let pre = ProxyPre::new(linked).map_err(told)?;
                let services = services(&manifest, id, entry, &values, &shared, arguments.quiet)?;
                Ok(Loaded {
                    services: Arc::new(services),
                    pre,
                })
            };
            let loaded = load().with_context(|| format!("component `{id}`"))?;
            components.insert(id.clone(), loaded);
        }
        let mut routes = Routes::new();
        for trigger in &manifest.document.trigger.http {
            if let Route::Path(route) = &trigger.route {
                routes.add(route, &trigger.component)?;
            }
        }
        let app = Arc::new(Self {
            engine,
            components,
            routes,
            this: Arc::default(),
        });
        // Set once, here.
        let _ = app.this.set(Arc::downgrade(&app));
        Ok(app)
    }

    /// The component whose route matches the path, and that route.
    pub(crate) fn route(&self, path: &str) -> Option<&Target> {
        self.routes.find(path)
    }

    /// Whether there is a component of that name.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.components.contains_key(id)
    }

    /// Answers a request by a new instance of the component. The instance goes on after its answer, to its own end, whether
    /// or not somebody still reads.
    pub(crate) async fn handle<B>(&self, id: &str, request: Request<B>) -> Result<Response<WasiBody>, Failure>
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let Loaded { services, pre } = self.components.get(id).ok_or(Failure::Unknown)?;
        let failed = |error: anyhow::Error| Failure::Component(error);
        let outbound = Outbound::new(services.clone(), self.this.clone());
        let state = State::new(services.clone(), outbound).map_err(failed)?;
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        let (sender, head) = oneshot::channel();
        let mut view = store.data_mut().http();
        let request = view
            .new_incoming_request(Scheme::Http, request)
            .map_err(|error| failed(told(error)))?;
        let outparam = view
            .new_response_outparam(sender)
            .map_err(|error| failed(told(error)))?;
        let (pre, id) = (pre.clone(), id.to_owned());
        let running = tokio::spawn(async move {
            let outcome = async {
                let proxy = pre.instantiate_async(&mut store).await?;
                proxy
                    .wasi_http_incoming_handler()
                    .call_handle(&mut store, request, outparam)
                    .await
            };
            let outcome = outcome.await;
            if let Err(error) = &outcome {
                // Also when its answer had gone out before.
                eprintln!("component `{id}` failed: {error:?}");
            }
            outcome
        });
        match head.await {
            Ok(Ok(response)) => Ok(response.map(BodyExt::boxed_unsync)),
            Ok(Err(code)) => Err(failed(anyhow::anyhow!("answered with {code:?}"))),
            Err(_dropped) => Err(failed(match running.await {
                Ok(Ok(())) => anyhow::anyhow!("ended without an answer"),
                // Told already, above.
                Ok(Err(_trap)) => anyhow::anyhow!("it failed"),
                Err(panicked) => panicked.into(),
            })),
        }
    }
}

/// The engine's errors are of a kind of their own; what they tell is all that is needed.
pub(crate) fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

fn services(
    manifest: &Manifest,
    id: &str,
    entry: &Component,
    values: &BTreeMap<String, String>,
    shared: &Arc<Shared>,
    is_quiet: bool,
) -> anyhow::Result<Services> {
    let own = entry
        .variables
        .iter()
        .map(|(name, template)| Ok((name.clone(), variables::render(template, values)?)))
        .collect::<anyhow::Result<_>>()?;
    let folder: PathBuf = shared.state_dir.join("files").join(id);
    Ok(Services {
        id: id.to_owned(),
        variables: own,
        key_value_stores: entry.key_value_stores.clone(),
        sqlite_databases: entry.sqlite_databases.clone(),
        rules: Rules::parse(&entry.allowed_outbound_hosts, values)?,
        files: files::lay_out(manifest, entry, &folder)?,
        is_quiet,
        shared: shared.clone(),
    })
}
