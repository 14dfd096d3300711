//! A host with the probe component on a free port and a data directory of its own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use bytes::Bytes;
use dayloom_host::{
    app::{App, Options, Role, StartError},
    config::Environment,
    deployment::RunError,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

/// Time within which anything that is awaited has happened, on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The manifest of most tests: `probe` serves everything and may call itself; `other` is the same component under
/// another name, reached only through `probe`.
pub(crate) const MANIFEST: &str = r#"
spin_manifest_version = 2

[application]
name = "probe"

[application.tool.dayloom]
migrations = "migrations"

[application.tool.dayloom.topics]
"probe.*" = ["probe"]

[variables]
greeting = { default = "hello" }

[[trigger.http]]
route = "/..."
component = "probe"

[[trigger.http]]
route = { private = true }
component = "other"

[component.probe]
source = "probe.wasm"
key_value_stores = ["default"]
allowed_outbound_hosts = ["http://second.spin.internal", "http://probe.spin.internal"]

[component.probe.variables]
greeting = "{{ greeting }} world"

[component.probe.tool.dayloom]
tables = ["seen"]
publishes = ["probe.*"]

[[component.probe.tool.dayloom.subscriptions]]
topics = ["probe"]
batch = 10

[component.probe.tool.dayloom.cron]
beat = 3600

[component.other]
source = "probe.wasm"

[component.other.tool.dayloom]
aliases = ["second"]
"#;

/// The probe, built once for this process. `cargo` says where it put it.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let arguments = ["build", "--release", "--target", "wasm32-wasip2", "-p", "dayloom-probe"];
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .arg("--message-format=json")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).unwrap();
        let wasm = messages.lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let file = message["filenames"].as_array()?.iter().find_map(|file| file.as_str())?;
            file.ends_with("dayloom_probe.wasm").then(|| PathBuf::from(file))
        });
        wasm.expect("cargo names what it built")
    })
}

/// A folder with an application in it and, under `data`, the compiled probe, so that it is compiled once.
pub(crate) fn folder(manifest: &str) -> TempDir {
    static COMPILED: OnceLock<TempDir> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| {
        let folder = application(MANIFEST);
        let options = options(folder.path());
        // A thread and a runtime of its own, because this thread may belong to another runtime.
        let start = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(App::start(&options, &Environment::new())).map(drop)
        });
        start.join().unwrap().unwrap();
        folder
    });
    let folder = application(manifest);
    let (from, to) = (compiled.path().join("data/cache"), folder.path().join("data/cache"));
    let private = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    fs::create_dir_all(&to).unwrap();
    for path in [&folder.path().join("data"), &to] {
        fs::set_permissions(path, private.clone()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    folder
}

fn application(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    fs::copy(probe(), folder.path().join("probe.wasm")).unwrap();
    fs::create_dir(folder.path().join("migrations")).unwrap();
    let migration = Path::new("fixtures/probe/migrations/0001_seen.sql");
    fs::copy(migration, folder.path().join("migrations/0001_seen.sql")).unwrap();
    folder
}

pub(crate) fn options(folder: &Path) -> Options {
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.join("data"),
        config: None,
        app: folder.join("spin.toml"),
        role: Role::Application { components: None },
    }
}

/// A running host. Dropped, it stops without waiting.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), RunError>>,
}

impl Host {
    /// A host with other limits than the defaults.
    pub(crate) async fn with(limits: &[(&str, u64)]) -> Self {
        Self::start(folder(MANIFEST), limits).await.unwrap()
    }

    /// A host of the application in the folder.
    pub(crate) async fn start(folder: TempDir, limits: &[(&str, u64)]) -> Result<Self, StartError> {
        let environment = limits
            .iter()
            .map(|(name, value)| {
                (
                    format!("DAYLOOM_LIMITS_{}", name.to_ascii_uppercase()),
                    value.to_string(),
                )
            })
            .collect();
        let app = App::start(&options(folder.path()), &environment).await?;
        let address = app.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(app.run(async {
            let _ = stopped.await;
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self {
            address,
            folder,
            client,
            stop,
            running,
        })
    }

    /// Asks the host to stop; the task ends when it has.
    pub(crate) fn stop(self) -> (JoinHandle<Result<(), RunError>>, TempDir) {
        let _ = self.stop.send(());
        (self.running, self.folder)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        tokio::time::timeout(SOON, self.client.request(request))
            .await
            .expect("an answer in time")
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        text(
            self.send(Request::get(self.url(path)).body(Full::default()).unwrap())
                .await,
        )
        .await
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> (StatusCode, String) {
        let request = Request::post(self.url(path)).header("content-type", "application/json");
        text(self.send(request.body(Full::new(body.into())).unwrap()).await).await
    }

    /// Waits until what the component has noted satisfies the condition.
    pub(crate) async fn until_seen(&self, condition: impl Fn(&[String]) -> bool) -> Vec<String> {
        let poll = async {
            loop {
                let seen: Vec<String> = serde_json::from_value(self.json("/seen").await).unwrap();
                if condition(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, poll).await.expect("noted in time")
    }
}

pub(crate) async fn text(response: Response<Incoming>) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Asserts a problem document of that status.
pub(crate) fn assert_problem((status, body): (StatusCode, String), expected: StatusCode) {
    assert_eq!(status, expected, "{body}");
    let document: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["status"], expected.as_u16());
    assert!(
        document["title"].is_string() && document["detail"].is_string(),
        "{body}"
    );
}
