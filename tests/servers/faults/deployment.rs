use std::time::Duration;

use dayloom_tests::{
    Host, HostOptions, KafkaListener, SESSION_TIMEOUT_MS, Server, Servers, Signal, load::settle, redis,
};
use tokio::time::sleep;

use super::plan::Fault;
use super::proxy::Proxy;

/// Two hosts on the same servers. The second reaches them on ways that can be cut.
pub(crate) struct Deployment {
    pub(crate) servers: Servers,
    hosts: Vec<Host>,
    to_postgres: Proxy,
    to_kafka: Proxy,
    to_redis: Proxy,
}

/// A host stands still for its session and so long: its partitions have gone to the other one by then.
const FROZEN_FOR: Duration = Duration::from_millis(SESSION_TIMEOUT_MS + 2_000);
/// A server is away for so long, in milliseconds, at random.
const AWAY_MS: std::ops::Range<u64> = 0..1_000;
/// After the last fault, before what is owed is worked off: a timer that a dead host holds is free after 30 s, and the sweep comes
/// once a minute.
const GRACE: Duration = Duration::from_secs(120);
/// Sessions shorter than the run would end in the midst of it.
const TOKEN_SECONDS: &str = "86400";

impl Deployment {
    pub(crate) async fn start() -> Self {
        let servers = Servers::alone().await;
        let to_postgres = Proxy::to(Server::Postgres.address()).await;
        let to_kafka = Proxy::at(&KafkaListener::Proxy.address(), KafkaListener::Proxied.address()).await;
        let to_redis = Proxy::to(Server::Redis.address()).await;
        let mut hosts = Vec::new();
        for options in [
            servers.host(),
            servers.host_via(to_postgres.address(), to_kafka.address(), to_redis.address()),
        ] {
            hosts.push(Host::start_with(with_long_sessions(options)).await);
        }
        Self {
            servers,
            hosts,
            to_postgres,
            to_kafka,
            to_redis,
        }
    }

    pub(crate) fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Lets it happen, and returns when everything runs again, but for what follows from it.
    pub(crate) async fn suffer(&mut self, fault: Fault, random: &mut fastrand::Rng) {
        let away = Duration::from_millis(random.u64(AWAY_MS));
        match fault {
            Fault::HostKilled => {
                let mut host = self.hosts.remove(random.usize(..self.hosts.len()));
                host.kill().await;
                sleep(away).await;
                self.hosts.push(host.restart().await);
            }
            Fault::HostFrozen => {
                let host = &self.hosts[random.usize(..self.hosts.len())];
                host.signal(Signal::Freeze).await.expect("the host runs");
                sleep(FROZEN_FOR).await;
                host.signal(Signal::Thaw).await.expect("the host is there");
            }
            Fault::KafkaStopped => stop_and_start(Server::Kafka, away).await,
            Fault::KafkaKilled => kill_and_start(Server::Kafka, away).await,
            Fault::KafkaCut => assert!(self.to_kafka.cut() > 0, "nobody uses the way to Kafka"),
            Fault::PostgresRestarted => stop_and_start(Server::Postgres, away).await,
            Fault::PostgresKilled => kill_and_start(Server::Postgres, away).await,
            Fault::PostgresCut => assert!(self.to_postgres.cut() > 0, "nobody uses the way to PostgreSQL"),
            Fault::RedisFlushed => redis(["FLUSHALL"]).await,
            Fault::RedisStopped => stop_and_start(Server::Redis, away).await,
            Fault::RedisCut => drop(self.to_redis.cut()),
        }
    }

    /// Waits until nothing is owed any more; see [`settle`].
    pub(crate) async fn settle(&self, due_before_ms: i64) {
        let (tables, kafka) = (self.servers.tables().await, self.servers.kafka());
        let settled = settle(&tables, due_before_ms, GRACE, async || kafka.backlog().await).await;
        settled.unwrap_or_else(|owed| panic!("{owed}"));
    }

    /// Stops both hosts in order; they must say that they could.
    pub(crate) async fn stop(self) -> Servers {
        for mut host in self.hosts {
            assert_eq!(host.stop().await, Some(0), "{}", host.log());
        }
        self.servers
    }
}

fn with_long_sessions(mut options: HostOptions) -> HostOptions {
    let name = "DAYLOOM_VARIABLE_ACCESS_TOKEN_SECONDS".to_owned();
    options.env.push((name, TOKEN_SECONDS.to_owned()));
    options
}

async fn stop_and_start(server: Server, away: Duration) {
    server.stop().await;
    sleep(away).await;
    server.start().await;
}

async fn kill_and_start(server: Server, away: Duration) {
    server.kill().await;
    sleep(away).await;
    server.start().await;
}
