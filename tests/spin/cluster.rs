use std::collections::BTreeMap;
use std::time::Duration;

use dayloom_tests::{
    Client, DaprManifests, Daprd, DaprdSettings, Gateway, KAFKA_PASSWORD, KAFKA_USER, KafkaListener, KafkaTools,
    PostgresTables, Server, Servers, SpinApp, SpinVariables, free_port, kafka_authority, load::settle, redis,
    spin_manifest,
};
use serde_json::{Value, json};

use crate::secret_store::SecretStore;

/// Every service that has a sidecar: its component, and its Dapr id.
pub(crate) const SERVICES: [(&str, &str); 6] = [
    ("auth", "auth"),
    ("tasks", "backend-api"),
    ("audit", "audit"),
    ("recurrence", "recurrence"),
    ("notifications", "notifications"),
    ("realtime", "realtime"),
];
/// The groups that consume: their ids.
pub(crate) const CONSUMERS: [&str; 4] = ["audit", "recurrence", "notifications", "realtime"];
/// The topics of the application, with its dead letters.
const TOPICS: [&str; 4] = ["task-events", "task-updates", "user-events", "reminders"];
/// Where what a consumer gives up goes.
pub(crate) const DEAD_LETTERS: [&str; 4] = [
    "audit-dead-letters",
    "recurrence-dead-letters",
    "notifications-dead-letters",
    "realtime-dead-letters",
];
const PARTITIONS: u16 = 3;
/// Sessions shorter than a run would end in the midst of it.
const TOKEN_SECONDS: &str = "86400";
/// After the last fault, before what is owed is worked off: retries of an outage are up to 15 s apart, leases end by themselves,
/// and the sweep comes once a minute.
const GRACE: Duration = Duration::from_secs(180);

/// A service: its application and the sidecar.
pub(crate) struct Service {
    app: Option<SpinApp>,
    pub(crate) sidecar: Daprd,
}

/// The application as a cluster runs it: an application and a sidecar for each service, and nginx for the ingress.
pub(crate) struct Cluster {
    services: BTreeMap<&'static str, Service>,
    gateway: Gateway,
    app_token: String,
    pub(crate) servers: Servers,
    _secrets: SecretStore,
}

impl Cluster {
    /// Starts all of it on empty servers that nobody else uses meanwhile; returns once every sidecar listens to its topics.
    pub(crate) async fn start() -> Self {
        Self::start_with(DaprManifests::Local).await
    }

    /// The same with other files for the sidecars.
    pub(crate) async fn start_with(manifests: DaprManifests) -> Self {
        let servers = Servers::alone().await;
        redis(["FLUSHALL"]).await;
        let kafka = Servers::kafka_unprefixed();
        kafka
            .make_empty(&[&TOPICS[..], &DEAD_LETTERS[..]].concat(), PARTITIONS)
            .await;
        let secrets = SecretStore::of(manifests, &secrets_of(&servers)).await;

        let letters = |count| (0..count).map(|_| fastrand::alphanumeric()).collect::<String>();
        let (app_token, api_token) = (letters(32), letters(32));
        let mut ports = BTreeMap::new();
        for (component, _) in SERVICES {
            ports.insert(component, (free_port(), free_port()));
        }
        let brokers = match manifests {
            DaprManifests::Local => Server::Kafka.address(),
            DaprManifests::Cluster => KafkaListener::Login.address(),
        };
        let mut environment = vec![
            ("DAYLOOM_KAFKA_BROKERS".to_owned(), brokers),
            ("DAYLOOM_REDIS_HOST".to_owned(), Server::Redis.address()),
        ];
        environment.extend(secrets.environment.iter().cloned());
        let postgres = servers.postgres_url();
        let mut services = BTreeMap::new();
        for (component, app_id) in SERVICES {
            let (app_port, http_port) = ports[component];
            let at = |component: &str| format!("http://127.0.0.1:{}", ports[component].0);
            let variables = [
                ("postgres_url", format!("{postgres}?sslmode=disable")),
                ("postgres_host", Server::Postgres.address()),
                ("redis_url", Server::Redis.url().to_string()),
                ("redis_host", Server::Redis.address()),
                ("sidecar_url", format!("http://127.0.0.1:{http_port}")),
                ("sidecar_token", api_token.clone()),
                ("app_token", app_token.clone()),
                ("secret_store", "dayloom-secrets".to_owned()),
                ("auth_url", at("auth")),
                ("audit_url", at("audit")),
                ("access_token_seconds", TOKEN_SECONDS.to_owned()),
            ];
            let manifest = spin_manifest(component);
            let app = SpinApp::start(
                &manifest,
                &format!("127.0.0.1:{app_port}"),
                declared(&manifest, &variables),
            )
            .await;
            let sidecar = Daprd::start(DaprdSettings {
                app_id: app_id.to_owned(),
                app_port,
                http_port,
                api_token: api_token.clone(),
                app_token: app_token.clone(),
                manifests,
                environment: environment.clone(),
            })
            .await;
            services.insert(
                component,
                Service {
                    app: Some(app),
                    sidecar,
                },
            );
        }
        for service in services.values_mut() {
            service.sidecar.ready().await;
        }
        for component in CONSUMERS {
            services[component].sidecar.subscribed().await;
        }
        let to = |route: &str, component: &str| (route.to_owned(), format!("127.0.0.1:{}", ports[component].0));
        let gateway = Gateway::before(&[
            to("/api/auth/", "auth"),
            to("~ ^/api/[^/]+/tasks", "tasks"),
            to("~ ^/api/[^/]+/audit-logs", "audit"),
            to("~ ^/api/[^/]+/notifications", "notifications"),
            to("/api/sse/", "realtime"),
        ])
        .await;
        Self {
            services,
            gateway,
            app_token,
            servers,
            _secrets: secrets,
        }
    }

    /// A client without a user, through the gateway.
    pub(crate) fn client(&self) -> Client {
        self.gateway.client()
    }

    /// A service's sidecar.
    pub(crate) fn sidecar(&mut self, component: &str) -> &mut Daprd {
        &mut self.services.get_mut(component).expect("a service").sidecar
    }

    /// A service's application.
    pub(crate) fn app(&self, component: &str) -> &SpinApp {
        self.services[component].app.as_ref().expect("it runs")
    }

    /// `kill -9` of a service's application, a pause, and a new start.
    pub(crate) async fn kill_app(&mut self, component: &str, away: Duration) {
        let service = self.services.get_mut(component).expect("a service");
        let mut app = service.app.take().expect("it runs");
        app.kill().await;
        tokio::time::sleep(away).await;
        service.app = Some(app.restart().await);
    }

    /// A request as the service's sidecar would send it.
    pub(crate) fn as_sidecar(&self, component: &str, path: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client without TLS");
        client
            .post(format!("http://{}{path}", self.app(component).address()))
            .header("dapr-api-token", &self.app_token)
    }

    /// What the sidecars do once a minute. Says nothing of the outcome: a service that is away hears the next tick.
    pub(crate) async fn tick(&self) {
        for (component, _) in SERVICES {
            let ticked = self.as_sidecar(component, "/cron").send().await;
            drop(ticked);
        }
    }

    /// A look into its tables.
    pub(crate) async fn tables(&self) -> PostgresTables {
        self.servers.tables().await
    }

    /// Kafka's own programs.
    pub(crate) fn kafka(&self) -> KafkaTools {
        Servers::kafka_unprefixed()
    }

    /// Waits until nothing is owed any more; see [`settle`].
    pub(crate) async fn settle(&self, due_before_ms: i64) {
        let (tables, kafka) = (self.tables().await, self.kafka());
        let backlog = async || {
            self.tick().await;
            kafka.backlog_of(&CONSUMERS).await
        };
        let settled = settle(&tables, due_before_ms, GRACE, backlog).await;
        settled.unwrap_or_else(|owed| panic!("{owed}\n{}", self.logs()));
    }

    /// What everybody logged last.
    pub(crate) fn logs(&self) -> String {
        let tail = |log: String| {
            let from = log.len().saturating_sub(3_000);
            let from = (from..=log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or_default();
            log[from..].to_owned()
        };
        let told = self.services.iter().map(|(component, service)| {
            let app = service.app.as_ref().map(SpinApp::log).unwrap_or_default();
            format!(
                "--- {component}\n{}\n--- its sidecar\n{}",
                tail(app),
                tail(service.sidecar.log())
            )
        });
        told.collect::<Vec<_>>().join("\n")
    }

    /// Stops everything and takes away what it has on the servers.
    pub(crate) async fn remove(self) {
        let Self { services, servers, .. } = self;
        for (_, Service { app, mut sidecar }) in services {
            sidecar.stop().await;
            drop(app);
        }
        Servers::kafka_unprefixed()
            .delete(&[&TOPICS[..], &DEAD_LETTERS[..]].concat())
            .await;
        servers.remove().await;
    }
}

/// What `manifests/dapr/README.md` asks the secret store for.
fn secrets_of(servers: &Servers) -> Value {
    let authority = std::fs::read_to_string(kafka_authority()).expect("Kafka has made its certificate");
    json!({
        "key-encryption-key": { "key_encryption_key": servers.key_encryption_key() },
        "kafka": { "username": KAFKA_USER, "password": KAFKA_PASSWORD, "ca.crt": authority },
    })
}

/// Those of the variables that the manifest knows.
fn declared(manifest: &std::path::Path, variables: &[(&str, String)]) -> SpinVariables {
    let text = std::fs::read_to_string(manifest).expect("the manifest can be read");
    let table: toml::Table = text.parse().expect("the manifest is TOML");
    let known = table.get("variables").and_then(toml::Value::as_table);
    variables
        .iter()
        .filter(|(name, _)| known.is_some_and(|known| known.contains_key(*name)))
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}
