use std::process::Stdio;

use reqwest::Url;
use tokio::process::Command;

use crate::root;

/// One of the real servers, as its script in `manifests/local` runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Tables, the outbox and timers.
    Postgres,
    /// Events.
    Kafka,
    /// Key-value entries and live messages.
    Redis,
}

/// What has to be exported for tests with real servers; the ports are those of `cargo xtask servers up`.
const HOW: &str = "run `cargo xtask servers up`, then \
    export DAYLOOM_TEST_POSTGRES_URL=postgres://dayloom:dayloom@127.0.0.1:15432/dayloom \
    DAYLOOM_TEST_KAFKA=127.0.0.1:19092 DAYLOOM_TEST_REDIS_URL=redis://127.0.0.1:16379";

impl Server {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Kafka, Self::Redis];

    /// Where it is, as the environment says it. Panics if it does not: a missing real part is a failure and not a skip.
    pub fn url(self) -> Url {
        let (variable, scheme) = match self {
            Self::Postgres => ("DAYLOOM_TEST_POSTGRES_URL", ""),
            Self::Kafka => ("DAYLOOM_TEST_KAFKA", "kafka://"),
            Self::Redis => ("DAYLOOM_TEST_REDIS_URL", ""),
        };
        let address = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: {HOW}"));
        Url::parse(&format!("{scheme}{address}")).unwrap_or_else(|error| panic!("{variable}: {error}"))
    }

    /// `host:port`.
    pub fn address(self) -> String {
        let url = self.url();
        let port = url.port().expect("a server's address has a port");
        format!("{}:{port}", url.host_str().expect("a server's address has a host"))
    }

    /// Starts it and returns when it answers; nothing if it runs.
    pub async fn start(self) {
        self.run("start").await;
    }

    /// Stops it as an operator does, and returns when it is gone.
    pub async fn stop(self) {
        self.run("stop").await;
    }

    /// Takes it away as a power failure does.
    pub async fn kill(self) {
        self.run("kill").await;
    }

    async fn run(self, command: &str) {
        let output = Command::from(self.script(command))
            .output()
            .await
            .expect("the server's script runs");
        assert!(output.status.success(), "{self:?} {command}: {output:?}");
    }

    /// The same `start` on a thread that may block.
    pub(crate) fn start_blocking(self) -> bool {
        self.script("start").status().is_ok_and(|status| status.success())
    }

    fn script(self, command: &str) -> std::process::Command {
        let (script, port) = match self {
            Self::Postgres => ("postgres.sh", "LOCAL_POSTGRES_PORT"),
            Self::Kafka => ("kafka.sh", "LOCAL_KAFKA_PORT"),
            Self::Redis => ("redis.sh", "LOCAL_REDIS_PORT"),
        };
        let number = self.url().port().expect("a server's address has a port");
        let mut run = std::process::Command::new(root().join("manifests/local").join(script));
        run.arg(command)
            .env(port, number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        run
    }
}
