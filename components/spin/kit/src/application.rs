//! What the manifest, mounted as `/spin.toml`, says of events: topics, subscriptions, schedules, names.

use std::collections::BTreeMap;
use std::path::Path;

use dayloom_ports::{Grant, Subscription, TopicMap};
use serde::Deserialize;

/// Where `spin.toml` is mounted.
const MANIFEST: &str = "/spin.toml";
/// Attempts where a subscription does not say: what our own host makes of it.
const ATTEMPTS_MAX_DEFAULT: u32 = 8;

/// The part of the manifest that Spin ignores and the adapters are led by.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// Which topics carry which event types.
    pub topics: TopicMap,
    /// The components by id. In the manifest of one service there is only that one.
    pub services: BTreeMap<String, Service>,
}

/// What one component hears, publishes and is called for.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Other names it is reached by.
    pub aliases: Vec<String>,
    /// Events it wants.
    pub subscriptions: Vec<Subscription>,
    /// Seconds between ticks by name of the schedule.
    pub cron: BTreeMap<String, u32>,
    /// What it may publish.
    pub grant: Grant,
}

/// Why the manifest can not be used. A deployment's mistake.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// It is not mounted.
    #[error("{MANIFEST}: {0}; mount the manifest with `files` in spin.toml")]
    Read(#[from] std::io::Error),
    /// It is not as it has to be.
    #[error("{MANIFEST}: {}", .0.message())]
    Syntax(#[from] Box<toml::de::Error>),
}

impl Application {
    /// Reads the mounted manifest: a fraction of a millisecond, so only where it is needed.
    ///
    /// # Errors
    /// It is not mounted, or is no manifest.
    pub fn read() -> Result<Self, ApplicationError> {
        Self::parse(&std::fs::read_to_string(Path::new(MANIFEST))?)
    }

    fn parse(text: &str) -> Result<Self, ApplicationError> {
        let document: Document = toml::from_str(text).map_err(Box::new)?;
        let rules = document.application.tool.dayloom.topics.into_iter().collect();
        let service = |(id, entry): (String, ComponentEntry)| {
            let tool = entry.tool.dayloom;
            let subscription = |entry: SubscriptionEntry| Subscription {
                component: id.as_str().into(),
                topics: entry.topics,
                types: entry.types,
                batch: entry.batch,
                attempts_max: entry.attempts_max,
            };
            let service = Service {
                aliases: tool.aliases,
                subscriptions: tool.subscriptions.into_iter().map(subscription).collect(),
                cron: tool.cron,
                grant: Grant {
                    tables: tool.tables.into_iter().collect(),
                    publishes: tool.publishes,
                },
            };
            (id, service)
        };
        Ok(Self {
            topics: TopicMap { rules },
            services: document.component.into_iter().map(service).collect(),
        })
    }
}

#[derive(Deserialize)]
struct Document {
    application: ApplicationEntry,
    #[serde(default)]
    component: BTreeMap<String, ComponentEntry>,
}

#[derive(Deserialize)]
struct ApplicationEntry {
    #[serde(default)]
    tool: Tool<ApplicationTool>,
}

#[derive(Deserialize)]
struct ComponentEntry {
    #[serde(default)]
    tool: Tool<ComponentTool>,
}

#[derive(Deserialize, Default)]
struct Tool<T> {
    #[serde(default)]
    dayloom: T,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ApplicationTool {
    topics: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ComponentTool {
    tables: Vec<String>,
    publishes: Vec<String>,
    aliases: Vec<String>,
    subscriptions: Vec<SubscriptionEntry>,
    cron: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct SubscriptionEntry {
    topics: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    batch: usize,
    #[serde(default = "attempts_max_default")]
    attempts_max: u32,
}

fn attempts_max_default() -> u32 {
    ATTEMPTS_MAX_DEFAULT
}

#[cfg(test)]
mod tests {
    use super::Application;

    #[test]
    fn the_repositorys_own_manifest_is_read() {
        let application = Application::parse(include_str!("../../../../spin.toml")).expect("a manifest");
        assert_eq!(
            application.topics.topics_of("com.todo.task.created"),
            ["task-events", "task-updates"]
        );
        let tasks = &application.services["tasks"];
        assert_eq!(tasks.aliases, ["backend-api"]);
        assert!(tasks.grant.may_publish("com.todo.task.created"));
        assert!(!tasks.grant.may_publish("com.todo.user.created"));
        assert_eq!(application.services["notifications"].subscriptions[0].batch, 100);
        assert_eq!(application.services["notifications"].cron["sweep"], 60);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        assert!(Application::parse("[component]").is_err());
        assert!(Application::parse("not toml").is_err());
    }
}
