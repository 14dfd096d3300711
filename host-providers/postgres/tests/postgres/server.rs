//! A server of the tests' own that dies, comes back, and stands still.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use dayloom_ports::conformance::fixture::{self, commit, event, ids, insert, query};
use dayloom_ports::{JobStore, Storage, StorageError};
use dayloom_postgres::{PostgresConfig, PostgresStore, TlsMode};
use tempfile::TempDir;

use crate::publisher::{Broker, Relaying};
use crate::support::{Database, eventually, grants};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifests/local/postgres.sh");

/// A server with its data in a folder that goes with it.
struct Server {
    dir: TempDir,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let server = Self {
            dir: TempDir::new().expect("a temporary directory"),
            port: free.local_addr().expect("it has an address").port(),
        };
        drop(free);
        server.script("start");
        server
    }

    fn url(&self) -> String {
        format!("postgres://dayloom:dayloom@127.0.0.1:{}/dayloom", self.port)
    }

    fn script(&self, command: &str) {
        let done = Command::new(SCRIPT)
            .arg(command)
            .env("LOCAL_POSTGRES_DIR", self.dir.path())
            .env("LOCAL_POSTGRES_PORT", self.port.to_string())
            .env("LOCAL_POSTGRES_PASSWORD", "dayloom")
            .status();
        assert!(done.expect("the script runs").success(), "postgres.sh {command}");
    }

    /// Starts it again with a certificate for `127.0.0.1` that it signed itself; returns the certificate's file.
    fn make_private(&self) -> PathBuf {
        let [key, certificate] = ["server.key", "server.crt"].map(|file| self.dir.path().join(file));
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
            ])
            .args([
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output();
        assert!(made.expect("openssl runs").status.success(), "a certificate is made");
        let data = self.dir.path().join("data");
        let owner = std::fs::metadata(&data).expect("the data is there");
        std::os::unix::fs::chown(&key, Some(owner.uid()), Some(owner.gid())).expect("the key is given away");
        let settings = format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
            certificate.display(),
            key.display()
        );
        std::fs::write(data.join("postgresql.auto.conf"), settings).expect("the settings are written");
        self.script("restart");
        certificate
    }

    /// `STOP` or `CONT` to every process of the server.
    fn signal(&self, signal: &str) {
        let file = std::fs::read_to_string(self.dir.path().join("data/postmaster.pid")).expect("the server runs");
        let postmaster = file.lines().next().expect("a process id").to_owned();
        let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let children = children.expect("the server has processes");
        let all = std::iter::once(postmaster.as_str()).chain(children.split_whitespace());
        for process in all {
            let sent = Command::new("kill").args(["-s", signal, process]).status();
            // One of them may have ended by itself meanwhile.
            let sent = sent.expect("kill runs").success();
            assert!(
                sent || !Path::new("/proc").join(process).exists(),
                "{signal} to {process}"
            );
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.dir.path().join("data/postmaster.pid").exists() {
            self.signal("CONT");
        }
        self.script("kill");
    }
}

/// A database that goes with its server.
async fn database(server: &Server) -> Database {
    Database::on(server.url(), "TEMPLATE template0").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_the_servers_death() {
    let server = Server::start();
    let database = database(&server).await;
    let store = database.store().await;
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut unknown) = (Vec::new(), Vec::new());
                for number in 0.. {
                    if stop.load(SeqCst) {
                        break;
                    }
                    let id = format!("{writer}-{number:05}");
                    match commit(&*store, [insert(&id)], [event(&id)]).await {
                        Ok(_) => acknowledged.push(id),
                        Err(StorageError::Unavailable(_)) => {
                            unknown.push(id);
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                (acknowledged, unknown)
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::block_in_place(|| server.script("kill"));
        let begun = Instant::now();
        assert!(store.ready().await.is_err());
        let call = query(&*store, "SELECT 1").await;
        assert!(matches!(call, Err(StorageError::Unavailable(_))), "{call:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        tokio::task::block_in_place(|| server.script("start"));
        eventually("it goes on by itself", async || store.ready().await.is_ok()).await;
    }
    stop.store(true, SeqCst);
    let (mut acknowledged, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for writer in writers {
        let (a, u) = writer.await.expect("only unavailable is an answer");
        acknowledged.extend(a);
        unknown.extend(u);
    }
    println!("{} acknowledged, {} unavailable", acknowledged.len(), unknown.len());
    let there: BTreeSet<String> = ids(&*store).await.into_iter().collect();
    assert!(there.is_superset(&acknowledged), "an acknowledged row is lost");
    assert!(there.iter().all(|id| acknowledged.contains(id) || unknown.contains(id)));
    eventually("all are out", async || {
        database.count("SELECT count(*) FROM host_outbox").await == 0
    })
    .await;
    relay.stop().await;
    let published: BTreeSet<String> = broker.first_arrivals().into_keys().collect();
    assert_eq!(published, there, "an event for every row, and for no other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_unavailable_in_time() {
    let server = Server::start();
    let database = database(&server).await;
    let config = PostgresConfig {
        connect_timeout_ms: 2_000,
        statement_timeout_ms: 1_000,
        lock_timeout_ms: 1_000,
        ..database.config()
    };
    // Twice the two, and a second for a busy machine.
    let longest = Duration::from_secs(6 + 1);
    let store = database.store_with(config).await;
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    commit(&*store, [insert("before")], [event("k")])
        .await
        .expect("it is committed");
    query(&*store, "SELECT 1").await.expect("it is read");
    eventually("it is out", async || broker.taken().len() == 1).await;
    server.signal("STOP");
    for round in 0..2 {
        let begun = Instant::now();
        let (read, written, due, ready) = tokio::join!(
            query(&*store, "SELECT 1"),
            commit(&*store, [insert("meanwhile")], []),
            store.due(0, 1),
            store.ready(),
        );
        assert!(matches!(read, Err(StorageError::Unavailable(_))), "{read:?}");
        assert!(matches!(written, Err(StorageError::Unavailable(_))), "{written:?}");
        assert!(due.is_err() && ready.is_err());
        assert!(begun.elapsed() < longest, "round {round}: {:?}", begun.elapsed());
    }
    server.signal("CONT");
    eventually("it goes on by itself", async || store.ready().await.is_ok()).await;
    commit(&*store, [insert("after")], [event("k")])
        .await
        .expect("it is committed");
    assert!(ids(&*store).await.contains(&"after".to_owned()));
    eventually("it is out", async || broker.taken().len() == 2).await;
    relay.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_connection_is_to_the_server_its_certificate_names() {
    let server = Server::start();
    let certificate = server.make_private();
    let database = database(&server).await;
    let private = PostgresConfig {
        tls_ca_file: Some(certificate),
        ..PostgresConfig::new(database.url())
    };
    let open = async |config| PostgresStore::open(config, grants(), fixture::topics(), database.migrations()).await;
    let store = open(private.clone()).await.expect("the certificate is known");
    commit(&*store, [insert("a")], [event("k")])
        .await
        .expect("it is committed");
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND datname = current_database()";
    assert!(database.count(encrypted).await >= 1);
    let broker = Arc::new(Broker::default());
    let relay = Relaying::start(&store, &broker);
    eventually("it is out", async || broker.taken().len() == 1).await;
    relay.stop().await;

    let by_name = PostgresConfig {
        tls_ca_file: private.tls_ca_file.clone(),
        ..PostgresConfig::new(database.url().replace("127.0.0.1", "localhost"))
    };
    assert!(open(by_name).await.is_err(), "the certificate names an address");
    let public = PostgresConfig::new(database.url());
    assert_eq!(public.tls, TlsMode::VerifyFull);
    assert!(open(public).await.is_err(), "no public authority signed it");
}
