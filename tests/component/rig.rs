//! The application's components without the host around them: loaded as the host loads them, called one by one.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use dayloom_host::config::{Config, Environment, Variables};
use dayloom_host::deployment;
use dayloom_host::manifest::{Manifest, Overrides};
use dayloom_host::runtime::{Call, Components, Providers, Trace};
use dayloom_memory::MemoryKeyValue;
use dayloom_ports::{Delivery, EventSink, Outcome};
use dayloom_sqlite::SqliteStore;
use dayloom_tests::root;
use http::{HeaderMap, Method, Request, StatusCode, header, uri::Scheme};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ports::{FaultyStorage, Recorder};

/// Compiled code, shared by all tests of this process so that each component is compiled once.
static COMPILED: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a temporary directory"));

/// All components over ports of our own.
pub(crate) struct Rig {
    components: Arc<Components>,
    pub(crate) storage: Arc<FaultyStorage>,
    pub(crate) recorder: Arc<Recorder>,
    /// Removed last.
    _data: TempDir,
}

/// A user who has signed up.
pub(crate) struct User {
    pub(crate) id: String,
    token: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let manifest = Manifest::load(&root().join("spin.toml"), &Overrides::default()).expect("the manifest is valid");
        let environment = Environment::new();
        let config = Config::load(None, &environment).expect("the defaults are valid");
        let variables = Variables::resolve(&manifest, &config, &environment, data.path()).expect("no secrets lack");
        let store = SqliteStore::open(deployment::embedded_storage(&manifest, data.path())).expect("the store opens");
        let storage = Arc::new(FaultyStorage::new(store));
        let recorder = Arc::new(Recorder::default());
        let providers = Providers {
            storage: storage.clone(),
            keyvalue: Arc::new(MemoryKeyValue::new()),
            scheduler: recorder.clone(),
            broadcast: recorder.clone(),
            events: None,
        };
        let cache = COMPILED.path().join("cache");
        let components = Components::load(&manifest, &variables, Arc::new(config.limits), &providers, &cache, None)
            .unwrap_or_else(|error| panic!("{error}: run `cargo xtask build` first"));
        Self {
            components,
            storage,
            recorder,
            _data: data,
        }
    }

    /// Hands events to a component, as its subscription would.
    pub(crate) async fn deliver(&self, component: &str, bodies: &[String]) -> Vec<Outcome> {
        let delivery = |body: &String| Delivery {
            topic: "task-events".to_owned(),
            key: "key".to_owned(),
            attempt: 1,
            body: body.clone().into_bytes(),
        };
        self.components
            .deliver(&component.into(), bodies.iter().map(delivery).collect())
            .await
    }

    /// Sends a request to a component, as somebody or as nobody.
    pub(crate) async fn send(
        &self,
        component: &str,
        user: Option<&User>,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"))
            .header("host", "localhost");
        if let Some(user) = user {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", user.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(body)).expect("the request is valid");
        let component = self.components.by_name(component).expect("there is such a component");
        let response = component.http(Scheme::HTTP, request, Call::new(Trace::begin())).await;
        let (head, body) = response.expect("an answer").into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// A new user.
    pub(crate) async fn sign_up(&self) -> User {
        let body = json!({ "name": "ana", "email": "ana@example.com", "password": "correct horse battery staple" });
        let answer = self
            .send("auth", None, (Method::POST, "/api/auth/sign-up"), &[], Some(&body))
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        User {
            id: text(&answer.json["user"]["id"]),
            token: text(&answer.json["token"]),
        }
    }
}

/// An event about a task, number `n` of its kind: `com.todo.<kind>` with this payload.
pub(crate) fn event(n: usize, kind: &str, payload: &Value) -> String {
    json!({
        "specversion": "1.0",
        "id": format!("0193a1b2-0000-7000-8000-{n:012}"),
        "source": "/dayloom/tasks",
        "type": format!("com.todo.{kind}"),
        "subject": TASK_ID,
        "time": "2026-11-21T09:30:00Z",
        "datacontenttype": "application/json",
        "data": {
            "task_id": TASK_ID, "user_id": "u", "sequence": 2, "idempotency_key": format!("k{n}"), "correlation_id": "c",
            "payload": payload,
        },
    })
    .to_string()
}

/// The task that [`event`]s are about.
pub(crate) const TASK_ID: &str = "0193a1b2-0000-7000-8000-00000000aaaa";

/// A completed task that recurs daily.
pub(crate) fn completed_task() -> Value {
    json!({
        "id": TASK_ID, "user_id": "u", "title": "again", "description": null, "status": "completed", "priority": "low",
        "tags": [], "category": null, "due_date": "2026-11-21", "time_zone": "UTC", "reminders": [], "recurring_rule": "daily",
        "recurring_end_date": null, "recurrence_from": "due_date", "parent_id": null, "sequence": 2,
        "created_at": "2026-11-20T00:00:00Z", "updated_at": "2026-11-21T09:30:00Z", "completed_at": "2026-11-21T09:30:00Z",
    })
}

/// A reminder in the far future.
pub(crate) fn reminder() -> Value {
    json!({
        "reminder_id": "0193a1b2-0000-7000-8000-00000000bbbb", "remind_at": "2099-01-01T00:00:00Z", "title": "later",
        "due_date": null, "time_zone": "UTC",
    })
}
