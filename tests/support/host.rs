use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Client, Database, free_port, root};

/// How a host is started beyond the defaults.
#[derive(Debug, Default, Clone)]
pub struct HostOptions {
    /// Another application manifest than the repository's.
    pub app: Option<PathBuf>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Whether it only holds live connections, beside an application that runs elsewhere.
    pub is_realtime_gateway: bool,
}

impl HostOptions {
    fn command(&self) -> &'static str {
        match self.is_realtime_gateway {
            true => "realtime-gateway",
            false => "up",
        }
    }
}

/// A host on a port of its own with a data directory of its own, killed when dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    address: String,
    folder: TempDir,
    options: HostOptions,
}

/// What is sent to a host.
#[derive(Debug, Clone, Copy)]
pub enum Signal {
    /// SIGTERM, as service managers stop it.
    Terminate,
    /// SIGINT, as a person at the terminal stops it.
    Interrupt,
    /// SIGSTOP: it stands still, with every connection open.
    Freeze,
    /// SIGCONT: it goes on.
    Thaw,
}

/// Longer than a host may take for the requests in flight (10 s) and its providers (5 s).
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

/// What the host's variables of servers begin with.
const SERVERS: [&str; 3] = ["DAYLOOM_POSTGRES_", "DAYLOOM_KAFKA_", "DAYLOOM_REDIS_"];

impl Host {
    /// Starts a host with an empty data directory, and returns once it is ready.
    pub async fn start() -> Self {
        Self::start_with(HostOptions::default()).await
    }

    /// The same with options.
    pub async fn start_with(options: HostOptions) -> Self {
        Self::start_in(TempDir::new().expect("a temporary directory"), options).await
    }

    /// The same on the data in `folder`/`data`; the folder goes with the host.
    pub async fn start_in(folder: TempDir, options: HostOptions) -> Self {
        Self::launch(folder, options, &format!("127.0.0.1:{}", free_port())).await
    }

    async fn launch(folder: TempDir, options: HostOptions, listen: &str) -> Self {
        let mut command = Command::new(dayloom_bin());
        without_servers(&mut command)
            .current_dir(root())
            .args([options.command(), "--listen", listen, "--data"])
            .arg(folder.path().join("data"));
        if let Some(app) = &options.app {
            command.arg("--app").arg(app);
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.path().join("log"))
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
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
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
            folder,
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
        self.folder.path().join("data")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the host runs")
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the host can be killed");
    }

    /// Sends it a signal, and does not wait for what follows.
    ///
    /// # Errors
    /// If `kill` does not run or refuses.
    pub async fn signal(&self, signal: Signal) -> io::Result<()> {
        let name = match signal {
            Signal::Terminate => "-TERM",
            Signal::Interrupt => "-INT",
            Signal::Freeze => "-STOP",
            Signal::Thaw => "-CONT",
        };
        let status = Command::new("kill")
            .args([name, &self.pid().to_string()])
            .status()
            .await?;
        status
            .success()
            .then_some(())
            .ok_or_else(|| io::Error::other("kill refused"))
    }

    /// Waits until it has stopped; the exit code. Panics if it does not stop.
    pub async fn stopped(&mut self) -> Option<i32> {
        tokio::time::timeout(STOPPED_WITHIN, self.child.wait())
            .await
            .expect("the host stops")
            .expect("the host can be waited for")
            .code()
    }

    /// SIGTERM, and waits; the exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::Terminate).await.expect("the host runs");
        self.stopped().await
    }

    /// Starts it again on the same data and the same address, after [`Self::kill`] or [`Self::stop`].
    pub async fn restart(self) -> Self {
        let options = self.options.clone();
        self.restart_with(options).await
    }

    /// The same with other options from now on.
    pub async fn restart_with(self, options: HostOptions) -> Self {
        let Self {
            child, address, folder, ..
        } = self;
        drop(child);
        Self::launch(folder, options, &address).await
    }

    /// The database: of a host that does not run, or beside one that does.
    pub fn database(&self) -> Database {
        Database::open(&self.data())
    }
}

/// Takes away what the environment says of servers: a host of a test knows of none that the test did not give it. The scripts
/// that start servers read variables that begin alike.
pub(crate) fn without_servers(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let is_of_servers = |name: &str| SERVERS.iter().any(|prefix| name.starts_with(prefix));
        if name.to_str().is_some_and(is_of_servers) {
            command.env_remove(name);
        }
    }
    command
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
        Path::is_file(&binary),
        "{} is missing: run `cargo xtask build` first",
        binary.display()
    );
    binary
}
