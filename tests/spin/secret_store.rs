use base64::{Engine as _, prelude::BASE64_STANDARD};
use dayloom_tests::{Certificate, DaprManifests, Nginx};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Secrets where the sidecars' `dayloom-secrets` looks for them.
pub(crate) struct SecretStore {
    /// What a sidecar has to know of it.
    pub(crate) environment: Vec<(String, String)>,
    _folder: TempDir,
    _api: Option<Nginx>,
}

/// What the sidecars show to the cluster's API.
const API_TOKEN: &str = "of-the-service-account";
const NAMESPACE: &str = "dayloom";

impl SecretStore {
    /// A store of these secrets: each a name, and an object of keys and texts.
    pub(crate) async fn of(manifests: DaprManifests, secrets: &Value) -> Self {
        let secrets = secrets.as_object().expect("an object");
        match manifests {
            DaprManifests::Local => Self::in_a_file(secrets),
            DaprManifests::Cluster => Self::in_a_cluster(secrets).await,
        }
    }

    fn in_a_file(secrets: &Map<String, Value>) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let file = folder.path().join("secrets.json");
        std::fs::write(&file, Value::Object(secrets.clone()).to_string()).expect("it can be written");
        let file = file.to_str().expect("the path is text").to_owned();
        Self {
            environment: vec![("DAYLOOM_SECRETS_FILE".to_owned(), file)],
            _folder: folder,
            _api: None,
        }
    }

    /// There is no cluster here: of its API, what a sidecar asks for secrets, to whom has the token.
    async fn in_a_cluster(secrets: &Map<String, Value>) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let answers = folder.path().join("answers");
        std::fs::create_dir(&answers).expect("it can be made");
        for (name, keys) in secrets {
            let keys = keys.as_object().expect("an object").iter();
            let data: Map<_, _> = keys
                .map(|(key, text)| (key.clone(), BASE64_STANDARD.encode(text.as_str().expect("text")).into()))
                .collect();
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
                "metadata": { "name": name, "namespace": NAMESPACE },
            });
            std::fs::write(answers.join(name), secret.to_string()).expect("it can be written");
        }
        // Clients of that API send no token in the clear.
        let certificate = Certificate::new(folder.path()).await;
        let server = format!(
            "location /api/v1/namespaces/{NAMESPACE}/secrets/ {{\n\
             if ($http_authorization != \"Bearer {API_TOKEN}\") {{ return 401; }}\n\
             default_type application/json;\nalias {}/;\n}}\nlocation / {{ return 403; }}\n",
            answers.display()
        );
        let api = Nginx::serving(&server, Some(&certificate)).await;
        let cluster = json!({
            "server": format!("https://{}", api.address()), "certificate-authority": certificate.file,
        });
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{ "name": "test", "cluster": cluster }],
            "users": [{ "name": "test", "user": { "token": API_TOKEN } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        });
        let file = folder.path().join("config");
        std::fs::write(&file, config.to_string()).expect("it can be written");
        let file = file.to_str().expect("the path is text").to_owned();
        Self {
            environment: vec![
                ("KUBECONFIG".to_owned(), file),
                ("NAMESPACE".to_owned(), NAMESPACE.to_owned()),
            ],
            _folder: folder,
            _api: Some(api),
        }
    }
}
