//! The composition root: one place that knows every provider. Read the configuration, open the providers, load the
//! components, serve, stop.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use dayloom_realtime_gateway::Gateway;
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, Environment, Limits, Variables},
    deployment::{Deployment, OpenError, Part, RunError},
    http::{Backends, Site, serve},
    manifest::{Manifest, ManifestError},
    meters,
    runtime::{Components, LoadError},
};

/// Time between two clean-ups of the recorded metrics: samples of a busy second are a few hundred KiB.
const METRICS_UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Time beyond `shutdown_ms_max` for the providers to write down where they are.
const PROVIDERS_STOP_WITHIN: Duration = Duration::from_secs(5);

/// What the command line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// The configuration, if there is one.
    pub config: Option<PathBuf>,
    /// The application manifest.
    pub app: PathBuf,
    /// What of the application runs here.
    pub role: Role,
}

/// What a host is to an application.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// It runs the application, or some components of it.
    Application {
        /// Their ids; all if none is named.
        components: Option<BTreeSet<String>>,
    },
    /// It holds live connections beside an application that runs elsewhere.
    RealtimeGateway {
        /// Ids of the components that say who may listen.
        components: BTreeSet<String>,
    },
}

/// Why the application did not start. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration or a variable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// What serves the interfaces.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A component.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The address.
    #[error("can not listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The one asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The metrics.
    #[error("metrics can not be recorded: {0}")]
    Metrics(#[from] BuildError),
}

/// An application that is ready to serve.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    parts: Vec<Part>,
    components: Arc<Components>,
    gateway: Gateway,
    metrics: PrometheusHandle,
    site: Arc<Site>,
    stopping: CancellationToken,
}

impl App {
    /// Opens and loads everything; connections wait in the kernel's queue until [`App::run`].
    ///
    /// Blocks on disk and, when components are new, on the compiler.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub async fn start(options: &Options, environment: &Environment) -> Result<Self, StartError> {
        let metrics = meters::recorder()?;
        let config = Config::load(options.config.as_deref(), environment)?;
        let components = match &options.role {
            Role::Application { components } => components.as_ref(),
            Role::RealtimeGateway { components } => Some(components),
        };
        match &options.role {
            Role::Application { components: Some(_) } => config.check_part()?,
            Role::Application { components: None } => {}
            Role::RealtimeGateway { .. } => config.live().map(drop)?,
        }
        let overrides = config.overrides(components);
        let manifest = Manifest::load(&options.app, &overrides)?;
        Components::check(&manifest)?;
        // Before anything is opened, so that a second host on the same port is told at once.
        let listen = |source| StartError::Listen {
            address: options.listen,
            source,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let variables = Variables::resolve(&manifest, &config, environment, &options.data)?;
        let Deployment {
            providers,
            gateway,
            parts,
        } = match &options.role {
            Role::Application { .. } => Deployment::open(&config, &manifest, &options.data).await?,
            Role::RealtimeGateway { .. } => Deployment::gateway(&config).await?,
        };
        let limits = Arc::new(config.limits.clone());
        let elsewhere = config.elsewhere()?;
        let cache = options.data.join("cache");
        let components = Components::load(&manifest, &variables, limits, &providers, &cache, elsewhere.as_ref())?;
        let stopping = CancellationToken::new();
        let backends = Backends {
            components: components.clone(),
            providers,
            gateway: gateway.clone(),
            metrics: metrics.clone(),
        };
        let site = Arc::new(Site::new(&config, manifest.routes, backends, stopping.clone()));
        Ok(Self {
            listener,
            address,
            limits: config.limits,
            parts,
            components,
            gateway,
            metrics,
            site,
            stopping,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` ends; then takes nothing new, finishes what is in flight within its time, closes live
    /// connections and writes down where event delivery is.
    ///
    /// # Errors
    /// A part ended by itself; the rest was stopped as above.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self {
            listener,
            limits,
            parts: providers,
            components,
            gateway,
            metrics,
            site,
            stopping,
            ..
        } = self;
        let mut parts: JoinSet<Result<(), RunError>> = JoinSet::new();
        for part in providers {
            parts.spawn(part(components.clone(), stopping.clone()));
        }
        let (time, token) = (Duration::from_millis(limits.shutdown_ms_max), stopping.clone());
        parts.spawn(async move {
            if !serve(listener, site, &limits, token).await {
                tracing::warn!("requests in flight were cut off");
            }
            Ok(())
        });
        let token = stopping.clone();
        parts.spawn(async move {
            token.cancelled().await;
            gateway.shutdown().await;
            Ok(())
        });
        let (token, running) = (stopping.clone(), components.clone());
        parts.spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = components.expire() => {}
                () = upkeep(metrics) => {}
            }
            Ok(())
        });

        let mut outcome = tokio::select! {
            () = stop => Ok(()),
            Some(ended) = parts.join_next() => flatten(ended).and(Err(RunError::Ended)),
        };
        tracing::info!("stopping");
        stopping.cancel();
        running.stop();
        let all = async {
            while let Some(ended) = parts.join_next().await {
                outcome = std::mem::replace(&mut outcome, Ok(())).and(flatten(ended));
            }
        };
        if tokio::time::timeout(time + PROVIDERS_STOP_WITHIN, all).await.is_err() {
            tracing::warn!(parts = parts.len(), "not everything stopped in time");
            parts.shutdown().await;
        }
        outcome
    }
}

fn flatten(ended: Result<Result<(), RunError>, tokio::task::JoinError>) -> Result<(), RunError> {
    ended.map_err(RunError::Task)?
}

async fn upkeep(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(METRICS_UPKEEP_EVERY);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}
