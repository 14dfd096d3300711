use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Client, Database};

/// How a host is started beyond the defaults.
#[derive(Debug, Default, Clone)]
pub struct HostOptions {
    /// Another application manifest than the repository's.
    pub app: Option<PathBuf>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
}

/// A host on a port of its own with a data directory of its own, killed when dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    address: String,
    data: DataDir,
    options: HostOptions,
}

/// A data directory that is removed with its last user, and its log with it.
#[derive(Debug)]
struct DataDir(TempDir);

impl Host {
    /// Starts a host with an empty data directory, and returns once it is ready.
    pub async fn start() -> Self {
        Self::start_with(HostOptions::default()).await
    }

    /// The same with options.
    pub async fn start_with(options: HostOptions) -> Self {
        Self::launch(
            DataDir(TempDir::new().expect("a temporary directory")),
            options,
            "127.0.0.1:0",
        )
        .await
    }

    async fn launch(data: DataDir, options: HostOptions, listen: &str) -> Self {
        let mut command = Command::new(dayloom_bin());
        command
            .current_dir(root())
            .args(["up", "--listen", listen, "--data"])
            .arg(data.0.path().join("data"));
        if let Some(app) = &options.app {
            command.arg("--app").arg(app);
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(data.0.path().join("log"))
            .expect("a log file");
        let mut child = command
            .envs(options.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the host binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let ready = lines.next_line().await.expect("stdout is text");
        let Some(address) = ready.as_deref().and_then(|line| line.split("http://").nth(1)) else {
            let log = std::fs::read_to_string(data.0.path().join("log")).unwrap_or_default();
            panic!("the host did not start: {ready:?}\n{log}");
        };
        let address = address
            .split_whitespace()
            .next()
            .expect("an address")
            .trim_end_matches('/')
            .to_owned();
        Self {
            child,
            address,
            data,
            options,
        }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A client without a user.
    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.data.0.path().join("data")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data.0.path().join("log")).unwrap_or_default()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the host runs")
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the host can be killed");
    }

    /// SIGTERM, and waits; the exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        let pid = self.pid().to_string();
        let signalled = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .expect("kill runs");
        assert!(signalled.success());
        self.child.wait().await.expect("the host ends").code()
    }

    /// Starts it again on the same data and the same address, after [`Self::kill`] or [`Self::stop`].
    pub async fn restart(self) -> Self {
        let Self {
            child,
            address,
            data,
            options,
        } = self;
        drop(child);
        Self::launch(data, options, &address).await
    }

    /// The database of a host that does not run.
    pub fn database(&self) -> Database {
        Database::open(&self.data())
    }
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests is a folder of the repository")
}

/// The host binary: `DAYLOOM_BIN`, or the release build of this repository. Panics if it is not there: a missing real part is a
/// failure and not a skip.
pub fn dayloom_bin() -> PathBuf {
    let built = || {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir));
        target.join("release/dayloom")
    };
    let binary = std::env::var_os("DAYLOOM_BIN").map_or_else(built, PathBuf::from);
    assert!(
        binary.is_file(),
        "{} is missing: run `cargo xtask build` first",
        binary.display()
    );
    binary
}
