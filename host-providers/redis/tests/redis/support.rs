//! The server that most tests share, each with a prefix of its own, and servers of a test's own to mistreat.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use dayloom_ports::Broadcast;
use dayloom_realtime_gateway::{Gateway, GatewayConfig};
use dayloom_redis::{RedisConfig, RedisLog};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

/// Far more than anything here takes; reaching it is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration for the server of `DAYLOOM_TEST_REDIS_URL`, with a new prefix.
pub(crate) fn config() -> RedisConfig {
    let url = std::env::var("DAYLOOM_TEST_REDIS_URL").expect(
        "DAYLOOM_TEST_REDIS_URL is not set; run manifests/local/redis.sh start, then set it to redis://127.0.0.1:16379",
    );
    RedisConfig {
        url,
        prefix: Uuid::now_v7().simple().to_string(),
        // A machine that compiles at the same time is no failure.
        response_ms_max: 5_000,
        ..RedisConfig::default()
    }
}

/// A connection that is not the provider's.
pub(crate) async fn raw(config: &RedisConfig) -> MultiplexedConnection {
    let client = redis::Client::open(config.url.as_str()).expect("an address");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("the server answers")
}

/// A gateway as a host has one, and the task that follows the log.
pub(crate) async fn gateway(config: &RedisConfig) -> (Gateway, AbortOnDropHandle<()>) {
    let log = RedisLog::connect(config).await.unwrap();
    let (gateway, feed) = Gateway::over(GatewayConfig::default(), log.clone());
    let following = tokio::spawn(async move { log.follow(feed, CancellationToken::new()).await });
    eventually("a gateway is ready", async || gateway.ready().await.is_ok()).await;
    (gateway, AbortOnDropHandle::new(following))
}

/// Asks until it is so.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A `redis-server` of the test's own, on a port that stays the same when it comes back.
pub(crate) struct Server {
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts one; `arguments` are its command line's, beside port and folder.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut server = Self {
            folder: tempfile::tempdir().expect("a folder"),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
            port: free.local_addr().expect("an address").port(),
            process: None,
        };
        drop(free);
        server.up().await;
        server
    }

    pub(crate) fn config(&self) -> RedisConfig {
        RedisConfig {
            url: format!("redis://127.0.0.1:{}/0", self.port),
            ..RedisConfig::default()
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again, with what it has saved.
    pub(crate) async fn up(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(self.folder());
        // A server with TLS has its own port for it, and none for anything else.
        if !self.arguments.iter().any(|argument| argument == "--tls-port") {
            command.args(["--port", &port]);
        } else {
            command.args(["--port", "0"]);
        }
        let arguments = self.arguments.iter().map(|it| it.replace("{port}", &port));
        command.args(arguments).stdout(Stdio::null());
        let process = command.spawn();
        self.process = Some(process.expect("redis-server is on the PATH; on Debian: apt-get install redis-server"));
        let address = ("127.0.0.1", self.port);
        eventually("the server listens", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
    }

    /// Takes it away at once, as a power failure does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }

    /// Stops it where it is: connections stay, and nobody answers.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(process.id().to_string())
            .status();
        assert!(sent.expect("kill is on the PATH").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
