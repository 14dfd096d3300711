use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::StatusCode;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::{eventually_within, free_port, root};

/// A Dapr sidecar of one application, with the files of `manifests/dapr`; killed when dropped.
#[derive(Debug)]
pub struct Daprd {
    child: Option<Child>,
    settings: DaprdSettings,
    folder: TempDir,
    http: reqwest::Client,
}

/// What a sidecar is started with.
#[derive(Debug, Clone)]
pub struct DaprdSettings {
    /// The application's id.
    pub app_id: String,
    /// Where the application listens.
    pub app_port: u16,
    /// Where the sidecar listens for the application.
    pub http_port: u16,
    /// What the application has to send (`dapr-api-token`).
    pub api_token: String,
    /// What the sidecar sends (`Dapr-Api-Token`).
    pub app_token: String,
    /// What it loads, beside what every sidecar does.
    pub manifests: DaprManifests,
    /// What the resources take from the environment.
    pub environment: Vec<(String, String)>,
}

/// The choice that `manifests/dapr` gives an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaprManifests {
    /// One machine: brokers without a login, secrets in a file.
    Local,
    /// A cluster: brokers with TLS and a login, secrets of Kubernetes.
    Cluster,
}

impl DaprManifests {
    /// The folders of `manifests/dapr`.
    const fn folders(self) -> [&'static str; 4] {
        match self {
            Self::Local => ["resources", "subscriptions", "kafka", "secrets/file"],
            Self::Cluster => ["resources", "subscriptions", "kafka-sasl", "secrets/kubernetes"],
        }
    }

    /// The file of `manifests/dapr` with the sidecar's settings.
    const fn configuration(self) -> &'static str {
        match self {
            Self::Local => "configuration.local.yaml",
            Self::Cluster => "configuration.yaml",
        }
    }
}

/// Longer than a start with brokers that are just coming up.
const READY_WITHIN: Duration = Duration::from_secs(60);

impl Daprd {
    /// Starts it, without waiting for anything: it waits for its application.
    pub async fn start(settings: DaprdSettings) -> Self {
        let mut sidecar = Self {
            child: None,
            settings,
            folder: TempDir::new().expect("a temporary directory"),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client without TLS"),
        };
        sidecar.launch().await;
        sidecar
    }

    async fn launch(&mut self) {
        let settings = &self.settings;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("a log file");
        let manifests = root().join("manifests/dapr");
        let mut command = Command::new(daprd_bin());
        command
            .args(["--app-id", &settings.app_id])
            .args(["--app-port", &settings.app_port.to_string()])
            .args(["--dapr-http-port", &settings.http_port.to_string()])
            .args(["--dapr-grpc-port", &free_port().to_string()])
            .args(["--dapr-internal-grpc-port", &free_port().to_string()])
            .args(["--dapr-listen-addresses", "127.0.0.1"])
            .args(["--app-channel-address", "127.0.0.1"])
            .args(["--enable-metrics=false", "--log-level", "warn"])
            .args(["--enable-app-health-check", "--app-health-check-path", "/health/ready"])
            // A service that is busy is not one that is away.
            .args(["--app-health-probe-timeout", "1500"])
            .args(["--app-health-probe-interval", "2", "--app-health-threshold", "3"])
            .args(["--dapr-graceful-shutdown-seconds", "2"])
            .arg("--config")
            .arg(manifests.join(settings.manifests.configuration()));
        for folder in settings.manifests.folders() {
            command.arg("--resources-path").arg(manifests.join(folder));
        }
        let child = command
            .env("DAPR_API_TOKEN", &settings.api_token)
            .env("APP_API_TOKEN", &settings.app_token)
            .envs(settings.environment.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("daprd runs");
        self.child = Some(child);
    }

    /// Waits until it and its application are ready; panics with its log if they are not in time.
    pub async fn ready(&mut self) {
        let begun = std::time::Instant::now();
        loop {
            if let Ok(answer) = self.get("/v1.0/healthz").await
                && answer.status() == StatusCode::NO_CONTENT
            {
                return;
            }
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none() && begun.elapsed() < READY_WITHIN,
                "the sidecar of {} is not ready ({ended:?}):\n{}",
                self.settings.app_id,
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it as its application would.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.request(reqwest::Method::GET, path).send().await
    }

    /// A request to build on, with the token it wants.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.settings.http_port);
        let request = self.http.request(method, url);
        request.header("dapr-api-token", &self.settings.api_token)
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.expect("daprd can be killed");
        }
    }

    /// SIGTERM, and waits until it is gone.
    pub async fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().expect("daprd runs").to_string();
            let told = Command::new("kill").args(["-TERM", &pid]).status().await;
            assert!(told.is_ok_and(|status| status.success()), "daprd can be told");
            child.wait().await.expect("daprd ends");
        }
    }

    /// Starts it again, after [`Self::kill`] or [`Self::stop`].
    pub async fn restart(&mut self) {
        self.launch().await;
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it has heard from its application which topics that wants.
    pub async fn subscribed(&self) {
        eventually_within(READY_WITHIN, "the sidecar's subscriptions", || async {
            let answer = self.get("/v1.0/metadata").await.ok()?;
            let told: serde_json::Value = answer.json().await.ok()?;
            told["subscriptions"]
                .as_array()
                .filter(|list| !list.is_empty())
                .map(drop)
        })
        .await;
    }
}

/// Where `manifests/local/dapr.sh` puts it. Panics if it is not there: a missing real part is a failure and not a skip.
fn daprd_bin() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let places = [
        folder("LOCAL_DAPR_DIR").map(|dir| dir.join("bin/daprd")),
        folder("DAYLOOM_CACHE").map(|cache| cache.join("dapr/bin/daprd")),
        Some(root().join("manifests/local/.dapr/bin/daprd")),
    ];
    let found = places.iter().flatten().find(|place| Path::is_file(place));
    found
        .cloned()
        .unwrap_or_else(|| panic!("no daprd at {places:?}: run manifests/local/dapr.sh install"))
}
