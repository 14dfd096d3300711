//! `spin.toml` as it is written: what serde reads before anything is checked.
//!
//! Keys of Spin that this host has no use for are tolerated, because the file is Spin's; the `tool.dayloom` tables are
//! ours, so an unknown key there is a typing error and is refused.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub(super) spin_manifest_version: i64,
    pub(super) application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, VariableEntry>,
    #[serde(default)]
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, ComponentEntry>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Application {
    pub(super) name: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) tool: Tool<ApplicationTool>,
}

/// `tool.dayloom` beside the tables of other tools.
#[derive(Debug, Deserialize)]
pub(super) struct Tool<T> {
    pub(super) dayloom: Option<T>,
}

impl<T> Default for Tool<T> {
    fn default() -> Self {
        Self { dayloom: None }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationTool {
    pub(super) migrations: Option<String>,
    #[serde(default)]
    pub(super) topics: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) partitions: BTreeMap<String, u16>,
    #[serde(default)]
    pub(super) generated_secrets: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct VariableEntry {
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) secret: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<HttpTrigger>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HttpTrigger {
    pub(super) route: RouteEntry,
    pub(super) component: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RouteEntry {
    Path(String),
    Private { private: bool },
}

#[derive(Debug, Deserialize)]
pub(super) struct ComponentEntry {
    pub(super) source: String,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) key_value_stores: Vec<String>,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(super) tool: Tool<ComponentTool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComponentTool {
    /// The component that this host runs, where Spin runs one with its adapters around it.
    pub(super) service: Option<String>,
    /// Where the component itself sends requests, where Spin's list has more, for the adapters.
    pub(super) allowed_outbound_hosts: Option<Vec<String>>,
    /// Whether it is of no use on this host: its part is the host's own.
    #[serde(default)]
    pub(super) spin_only: bool,
    #[serde(default)]
    pub(super) tables: Vec<String>,
    #[serde(default)]
    pub(super) publishes: Vec<String>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) subscriptions: Vec<SubscriptionEntry>,
    #[serde(default)]
    pub(super) cron: BTreeMap<String, u32>,
}

/// One subscription as it is written, in the manifest or in the host's configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionEntry {
    /// Topics to listen to.
    pub topics: Vec<String>,
    /// CloudEvents types wanted of them; empty means all.
    #[serde(default)]
    pub types: Vec<String>,
    /// Deliveries in one call.
    pub batch: usize,
    /// Attempts before an event is dead-lettered.
    #[serde(default = "attempts_max_default")]
    pub attempts_max: u32,
}

/// Eight doublings from a first back-off of a second span about four minutes: longer than a restart of whatever a
/// handler may be waiting for.
fn attempts_max_default() -> u32 {
    8
}
