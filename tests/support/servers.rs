use std::sync::LazyLock;

use reqwest::Url;
use tokio::process::Command;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::{HostOptions, KafkaTools, PostgresTables, Server};

/// Milliseconds without a heartbeat after which a host's partitions go to others: the least that a broker allows.
pub const SESSION_TIMEOUT_MS: u64 = 6_000;

/// What is a deployment's own on the real servers: a database, and prefixes of topics, groups and keys. Two of them do not
/// meet.
#[derive(Debug)]
pub struct Servers {
    name: String,
    key_encryption_key: String,
    turn: Turn,
}

/// Tests of one process that use the servers at the same time, and tests that have them to themselves because they take
/// them away.
static TURNS: LazyLock<std::sync::Arc<RwLock<()>>> = LazyLock::new(std::sync::Arc::default);

#[derive(Debug)]
enum Turn {
    Shared(#[expect(dead_code, reason = "held for its end")] OwnedRwLockReadGuard<()>),
    Alone(#[expect(dead_code, reason = "held for its end")] OwnedRwLockWriteGuard<()>),
}

impl Servers {
    /// A new deployment, beside those of other tests.
    pub async fn fresh() -> Self {
        Self::new(Turn::Shared(TURNS.clone().read_owned().await)).await
    }

    /// A new deployment of a test that stops servers: no other test of the process uses them meanwhile. When it is dropped,
    /// all servers run.
    pub async fn alone() -> Self {
        Self::new(Turn::Alone(TURNS.clone().write_owned().await)).await
    }

    async fn new(turn: Turn) -> Self {
        let letters = |count| (0..count).map(|_| fastrand::alphanumeric()).collect::<String>();
        let servers = Self {
            name: format!("test_{}", letters(12).to_lowercase()),
            // 32 bytes in base64url: of its 43 letters the last has 4 bits.
            key_encryption_key: letters(42) + "A",
            turn,
        };
        let sql = format!("CREATE DATABASE {}", servers.name);
        PostgresTables::connect(Server::Postgres.url().as_str())
            .await
            .execute(&sql)
            .await;
        servers
    }

    /// What a host of this deployment is started with.
    pub fn host(&self) -> HostOptions {
        self.host_via(
            &Server::Postgres.address(),
            &Server::Kafka.address(),
            &Server::Redis.address(),
        )
    }

    /// The same for a host that reaches the servers at these addresses (`host:port`).
    pub fn host_via(&self, postgres: &str, kafka: &str, redis: &str) -> HostOptions {
        let redis = at(Server::Redis.url(), redis);
        let name = &self.name;
        let variables = [
            ("DAYLOOM_POSTGRES_URL", at(self.postgres_url(), postgres).to_string()),
            ("DAYLOOM_POSTGRES_TLS", "off".to_owned()),
            ("DAYLOOM_KAFKA_BOOTSTRAP_SERVERS", kafka.to_owned()),
            ("DAYLOOM_KAFKA_TOPIC_PREFIX", format!("{name}.")),
            ("DAYLOOM_KAFKA_GROUP_PREFIX", format!("{name}.")),
            ("DAYLOOM_KAFKA_SESSION_TIMEOUT_MS", SESSION_TIMEOUT_MS.to_string()),
            ("DAYLOOM_REDIS_URL", redis.to_string()),
            ("DAYLOOM_REDIS_PREFIX", name.clone()),
            ("DAYLOOM_VARIABLE_KEY_ENCRYPTION_KEY", self.key_encryption_key.clone()),
        ];
        HostOptions {
            env: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            ..HostOptions::default()
        }
    }

    /// A look into its tables.
    pub async fn tables(&self) -> PostgresTables {
        PostgresTables::connect(self.postgres_url().as_str()).await
    }

    /// Kafka's own programs, for its topics and groups.
    pub fn kafka(&self) -> KafkaTools {
        KafkaTools::new(Server::Kafka.address(), format!("{}.", self.name))
    }

    /// 32 random bytes in base64url.
    pub fn key_encryption_key(&self) -> &str {
        &self.key_encryption_key
    }

    /// Kafka's own programs, for topics and groups without a prefix: for a deployment that is alone.
    pub fn kafka_unprefixed() -> KafkaTools {
        KafkaTools::new(Server::Kafka.address(), String::new())
    }

    /// Takes away everything it has on the servers, once its hosts have stopped. A test that failed leaves it, to be looked
    /// at.
    pub async fn remove(self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        PostgresTables::connect(Server::Postgres.url().as_str())
            .await
            .execute(&sql)
            .await;
        self.kafka().remove().await;
        let live = ["log", "state"].map(|key| format!("{}:live:{key}", self.name));
        redis(["UNLINK", &live[0], &live[1]]).await;
    }

    /// Its database.
    pub fn postgres_url(&self) -> Url {
        let mut url = Server::Postgres.url();
        url.set_path(&self.name);
        url
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if matches!(self.turn, Turn::Alone(_)) {
            for server in Server::ALL {
                if !server.start_blocking() {
                    eprintln!("{server:?} could not be started again");
                }
            }
        }
    }
}

/// Runs a command of Redis.
pub async fn redis<'a>(command: impl IntoIterator<Item = &'a str>) {
    let output = Command::new("redis-cli")
        .args(["-e", "-u", Server::Redis.url().as_str()])
        .args(command)
        .output()
        .await
        .expect("redis-cli runs");
    assert!(output.status.success(), "{output:?}");
}

/// The same URL at another `host:port`.
fn at(mut url: Url, address: &str) -> Url {
    let (host, port) = address.rsplit_once(':').expect("an address has a port");
    url.set_host(Some(host)).expect("a host");
    url.set_port(Some(port.parse().expect("a port is a number")))
        .expect("a URL with a host has a port");
    url
}
