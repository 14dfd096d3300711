//! The test host does what it stands in for: the probe component uses every interface through it, over real databases.
//!
//! `DAYLOOM_SPIN=<path of spin>` runs the same tests against Spin itself.

use std::{
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::Instant,
};

const MANIFEST: &str = r#"
spin_manifest_version = 2

[application]
name = "probe"
version = "0.1.0"

[variables]
greeting = { default = "hello" }
postgres = { default = "localhost:1" }
redis = { default = "localhost:1" }
nowhere = { default = "" }

[[trigger.http]]
route = "/..."
component = "probe"

[component.probe]
source = "probe.wasm"
files = ["spin.toml", { source = "data", destination = "/given" }]
key_value_stores = ["default"]
sqlite_databases = ["default"]
allowed_outbound_hosts = [
    "postgres://{{ postgres }}", "redis://{{ redis }}", "{{ nowhere }}", "http://second.spin.internal",
]

[component.probe.variables]
text = "{{ greeting }}, world"

[[trigger.http]]
route = { private = true }
component = "second"

[component.second]
source = "probe.wasm"
"#;

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The probe, built once for this process. `cargo` says where it put it.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let package = "dayloom-spin-probe";
        let output = Blocking::new(env!("CARGO"))
            .args(["build", "--release", "--target", "wasm32-wasip2", "-p", package])
            .arg("--message-format=json")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let messages = String::from_utf8(output.stdout).unwrap();
        let wasm = messages.lines().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            let file = message["filenames"].as_array()?.iter().find_map(|file| file.as_str())?;
            file.ends_with("dayloom_spin_probe.wasm").then(|| PathBuf::from(file))
        });
        wasm.expect("cargo names what it built")
    })
}

/// An application of the probe, on a free port.
struct Running {
    address: String,
    client: reqwest::Client,
    child: Child,
    _folder: TempDir,
}

impl Running {
    async fn start(variables: &[String]) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("spin.toml"), MANIFEST).unwrap();
        std::fs::copy(probe(), folder.path().join("probe.wasm")).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/note"), "a note").unwrap();
        let mut command = match std::env::var_os("DAYLOOM_SPIN") {
            Some(spin) => Command::new(spin),
            None => Command::new(env!("CARGO_BIN_EXE_spin-test-host")),
        };
        command
            .args(["up", "--listen", "127.0.0.1:0", "-f"])
            .arg(folder.path().join("spin.toml"))
            .arg("--state-dir")
            .arg(folder.path().join("state"));
        for variable in variables {
            command.args(["--variable", variable]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("it listens");
            if let Some(address) = line.strip_prefix("Serving ") {
                break address.to_owned();
            }
        };
        // What it says later would fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self {
            address,
            client,
            child,
            _folder: folder,
        }
    }

    async fn send(&self, path: &str, body: &str) -> reqwest::Response {
        let request = self.client.post(format!("{}/{path}", self.address));
        request.body(body.to_owned()).send().await.unwrap()
    }

    async fn ask(&self, path: &str) -> String {
        self.tell(path, "").await
    }

    async fn tell(&self, path: &str, body: &str) -> String {
        let response = self.send(path, body).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // With what Spin itself has started.
        if let Some(pid) = self.child.id() {
            let _ = Blocking::new("kill").args(["-KILL", "--", &format!("-{pid}")]).status();
        }
    }
}

/// A server's address of the environment: the whole, and its `host:port`.
fn server(variable: &str) -> (reqwest::Url, String) {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: see `cargo xtask servers`"));
    let url: reqwest::Url = url.parse().unwrap();
    let place = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    (url, place)
}

#[tokio::test]
async fn a_component_has_its_variables_and_files_and_no_others() {
    let app = Running::start(&["greeting=good day".to_owned()]).await;
    assert_eq!(app.ask("variable?text").await, r#"Ok(Some("good day, world"))"#);
    assert_eq!(app.ask("variable?greeting").await, "Ok(None)");
    assert_eq!(app.ask("file?/given/note").await, r#"Ok("a note")"#);
    assert!(app.ask("file?/spin.toml").await.contains("spin_manifest_version"));
    assert!(app.ask("file?/probe.wasm").await.starts_with("Err"));
    assert!(app.ask("file?/given/../../spin.toml").await.starts_with("Err"));
    assert!(app.ask("write?/given/note").await.starts_with("Err"));
    assert!(app.ask("header?spin-client-addr").await.starts_with("127.0.0.1:"));
    assert_eq!(app.ask("header?spin-path-info").await, "/header");
}

#[tokio::test]
async fn counters_count_and_swaps_swap_once() {
    let app = Running::start(&[]).await;
    assert_eq!(app.ask("increment?n").await, "Ok(1)");
    assert_eq!(app.ask("increment?n").await, "Ok(2)");
    assert_eq!(app.ask("swap?k").await, "Ok([true, false])");
}

#[tokio::test]
async fn a_transaction_on_sqlite_ends_with_its_request() {
    let app = Running::start(&[]).await;
    app.tell("sqlite", "CREATE TABLE t (n INTEGER)").await;
    let died = app
        .send("sqlite", "BEGIN IMMEDIATE\nINSERT INTO t VALUES (1)\nTRAP")
        .await;
    assert_eq!(died.status(), 500);
    let next = app
        .tell("sqlite", "BEGIN IMMEDIATE\nSELECT count(*) FROM t\nCOMMIT")
        .await;
    assert_eq!(next.lines().nth(1), Some("[[Value::Integer(0)]]"), "{next}");
}

/// Why nothing may be written with `BEGIN` and `COMMIT` here: the next request is inside of what the last one left.
#[tokio::test]
async fn a_transaction_on_postgres_outlives_a_request_that_dies_in_it() {
    let (url, place) = server("DAYLOOM_TEST_POSTGRES_URL");
    let table = format!("spin_probe_{}", fastrand::u64(..));
    let app = Running::start(&[format!("postgres={place}")]).await;
    let path = format!("postgres?{url}?sslmode=disable");
    let made = app.tell(&path, &format!("CREATE TABLE {table} (n BIGINT)")).await;
    assert_eq!(made, "Ok(0)");
    let died = app
        .send(&path, &format!("BEGIN\nINSERT INTO {table} VALUES (1)\nTRAP"))
        .await;
    assert_eq!(died.status(), 500);
    let next = app
        .tell(
            &path,
            &format!("SELECT count(*) FROM {table}\nROLLBACK\nSELECT count(*) FROM {table}"),
        )
        .await;
    let lines: Vec<_> = next.lines().collect();
    assert_eq!(
        lines,
        ["Ok([[DbValue::Int64(1)]])", "Ok(0)", "Ok([[DbValue::Int64(0)]])"],
        "{next}"
    );
    app.tell(&path, &format!("DROP TABLE {table}")).await;
}

#[tokio::test]
async fn errors_of_postgres_name_their_code() {
    let (url, place) = server("DAYLOOM_TEST_POSTGRES_URL");
    let app = Running::start(&[format!("postgres={place}")]).await;
    let path = format!("postgres?{url}?sslmode=disable");
    let wrong = app
        .tell(
            &path,
            "nonsense\nSELECT 1 / (n - 1) FROM generate_series(1, 1) n\nSELECT nonsense",
        )
        .await;
    let lines: Vec<_> = wrong.lines().collect();
    assert!(
        lines[0].contains("QueryError::DbError") && lines[0].contains("42601"),
        "{wrong}"
    );
    // While it runs: only as text.
    assert!(
        lines[1].contains("QueryError::Text") && lines[1].contains("22012"),
        "{wrong}"
    );
    assert!(
        lines[2].contains("QueryError::DbError") && lines[2].contains("42703"),
        "{wrong}"
    );
}

#[tokio::test]
async fn redis_answers_as_one_list() {
    let (url, place) = server("DAYLOOM_TEST_REDIS_URL");
    let app = Running::start(&[format!("redis={place}")]).await;
    let key = format!("spin-probe-{}", fastrand::u64(..));
    let path = format!("redis?{url}");
    let commands =
        format!("XADD {key} 1-1 field value\nXRANGE {key} - +\nXREAD BLOCK 700 STREAMS {key} 1-1\nDEL {key}");
    let answers = app.tell(&path, &commands).await;
    let lines: Vec<_> = answers.lines().collect();
    assert_eq!(lines, ["1-1", "1-1,field,value", "nil", "1"]);
}

#[tokio::test]
async fn only_allowed_places_are_reached_and_components_by_name() {
    let app = Running::start(&[]).await;
    assert_eq!(
        app.ask("out?http://second.spin.internal/header?spin-client-addr").await,
        "200 0.0.0.0:0"
    );
    assert!(
        app.ask("out?http://probe.spin.internal/")
            .await
            .contains("HttpRequestDenied")
    );
    assert!(app.ask("out?http://127.0.0.1:1/").await.contains("HttpRequestDenied"));
    let (url, _) = server("DAYLOOM_TEST_POSTGRES_URL");
    assert!(app.ask(&format!("postgres?{url}")).await.contains("not permitted"));
    let (url, _) = server("DAYLOOM_TEST_REDIS_URL");
    assert!(app.ask(&format!("redis?{url}")).await.contains("InvalidAddress"));
}

#[tokio::test]
async fn an_answer_streams_and_work_goes_on_after_it() {
    let app = Running::start(&[]).await;
    let begun = Instant::now();
    let mut response = app.send("stream", "").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one\n");
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    assert_eq!(response.text().await.unwrap(), "two\nthree\n");
    assert!(begun.elapsed() > Duration::from_millis(500));

    assert_eq!(app.ask("afterwards?later").await, "answered");
    let deadline = Instant::now() + PATIENCE;
    while app.ask("count?later").await != "Ok(1)" {
        assert!(Instant::now() < deadline, "the work after the answer never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_trap_is_the_end_of_one_request_only() {
    let app = Running::start(&[]).await;
    assert_eq!(app.send("trap", "").await.status(), 500);
    assert_eq!(app.ask("variable?text").await, r#"Ok(Some("hello, world"))"#);
}
