use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{Client, Database, root};

/// Variables of an application: name and value.
pub type SpinVariables = Vec<(String, String)>;

/// An application under Spin, or under its stand-in where there is no Spin; killed when dropped.
#[derive(Debug)]
pub struct SpinApp {
    child: Child,
    address: String,
    manifest: PathBuf,
    variables: SpinVariables,
    folder: TempDir,
}

impl SpinApp {
    /// Starts the application of this manifest with empty databases of its own, and returns once it listens.
    pub async fn start(manifest: &Path, listen: &str, variables: SpinVariables) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        Self::launch(manifest.to_owned(), listen, variables, folder).await
    }

    async fn launch(manifest: PathBuf, listen: &str, variables: SpinVariables, folder: TempDir) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.path().join("log"))
            .expect("a log file");
        let mut command = Command::new(spin());
        command
            .args(["up", "--listen", listen, "-f"])
            .arg(&manifest)
            .arg("--state-dir")
            .arg(folder.path().join("state"));
        for (name, value) in &variables {
            command.args(["--variable", &format!("{name}={value}")]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Spin itself starts another program, which is killed with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .expect("Spin runs");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let address = loop {
            let Some(line) = lines.next_line().await.expect("stdout is text") else {
                let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
                panic!("{} did not start:\n{log}", manifest.display());
            };
            if let Some(address) = line.strip_prefix("Serving http://") {
                break address.trim_end_matches('/').to_owned();
            }
        };
        // Whatever it prints later would fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            address,
            manifest,
            variables,
            folder,
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

    /// What it and its components logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Its SQLite database, beside it while it runs.
    pub fn database(&self) -> Database {
        Database::open_file(&self.folder.path().join("state/sqlite_db.db"))
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.kill_group();
        self.child.wait().await.expect("it ends");
        // What Spin started has no parent any more that waits for it: it is gone when nobody listens.
        crate::eventually("nobody listens", || async {
            tokio::net::TcpStream::connect(&self.address)
                .await
                .is_err()
                .then_some(())
        })
        .await;
    }

    fn kill_group(&self) {
        if let Some(pid) = self.child.id() {
            let mut kill = std::process::Command::new("kill");
            // It may have ended by itself.
            let _ = kill
                .args(["-KILL", "--", &format!("-{pid}")])
                .stderr(Stdio::null())
                .status();
        }
    }

    /// Starts it again on the same databases and the same address, after [`Self::kill`].
    pub async fn restart(mut self) -> Self {
        let folder = std::mem::replace(&mut self.folder, TempDir::new().expect("a temporary directory"));
        let (manifest, variables) = (self.manifest.clone(), self.variables.clone());
        Self::launch(manifest, &self.address, variables, folder).await
    }
}

impl Drop for SpinApp {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// What runs Spin applications here: `DAYLOOM_SPIN`, `spin` of the path, or the stand-in that was built with the tests. Says
/// which, once.
fn spin() -> &'static Path {
    static SPIN: OnceLock<PathBuf> = OnceLock::new();
    SPIN.get_or_init(|| {
        let runs = |program: &Path| {
            let mut version = std::process::Command::new(program);
            let version = version.arg("--version").stdin(Stdio::null()).output();
            let version = version.ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&version.stdout).trim().to_owned())
        };
        let stand_in = || {
            let target = std::env::current_exe().expect("a test has a file");
            let release = target.ancestors().nth(2).expect("it is in target/release/deps");
            release.join("spin-test-host")
        };
        let (program, version) = match std::env::var_os("DAYLOOM_SPIN").map(PathBuf::from) {
            Some(named) => (named.clone(), runs(&named)),
            None => match runs(Path::new("spin")) {
                Some(version) => ("spin".into(), Some(version)),
                None => (stand_in(), runs(&stand_in())),
            },
        };
        let version = version.unwrap_or_else(|| panic!("{} does not run", program.display()));
        println!("Spin applications run under {} ({version})", program.display());
        program
    })
}

/// The manifest that the build wrote for a component as an application of its own. Panics if it was not built.
pub fn spin_manifest(component: &str) -> PathBuf {
    let manifest = root().join(format!("target/spin/{component}/spin.toml"));
    assert!(
        manifest.is_file(),
        "{} is missing: run `cargo xtask build` first",
        manifest.display()
    );
    manifest
}
