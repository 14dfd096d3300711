//! The application manifest: `spin.toml` with our `tool.dayloom` tables, read and checked as a whole.

mod check;
mod document;
mod route;
mod template;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use dayloom_ports::{ComponentId, Subscription, TopicMap};

pub use document::SubscriptionEntry;
pub use route::{RouteError, Router};
pub use template::{Template, TemplateError};

/// A checked application: every name in it leads to something that is there.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The application's name.
    pub name: String,
    /// The application's version; may be empty.
    pub version: String,
    /// Folder of SQL migrations.
    pub migrations: PathBuf,
    /// Which topics carry which event types.
    pub topics: TopicMap,
    /// Variables the host makes itself, and the file name each is kept under.
    pub generated_secrets: BTreeMap<String, String>,
    /// Partitions of a topic where a broker has it, unless the configuration says otherwise.
    pub partitions: BTreeMap<String, u16>,
    /// Application variables.
    pub variables: BTreeMap<String, Variable>,
    /// Components in the order of their ids.
    pub components: Vec<Component>,
    /// Public routes; the value is an index into `components`.
    pub routes: Router<usize>,
}

/// An application variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its value when nobody sets one.
    pub default: Option<String>,
    /// Whether the application can not start without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// A component and all it may do.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its id, also its consumer group.
    pub id: ComponentId,
    /// The `.wasm` file.
    pub source: PathBuf,
    /// What `wasi:config` shows it.
    pub variables: BTreeMap<String, Template>,
    /// Key-value buckets it may open.
    pub key_value_stores: Vec<String>,
    /// Where it may send requests, such as `https://example.com` or `http://auth.spin.internal`. One that is empty once
    /// its variables are put in stands for nothing.
    pub allowed_outbound_hosts: Vec<Template>,
    /// Tables it may name in SQL.
    pub tables: Vec<String>,
    /// Event types it may publish; a final `*` stands for any ending.
    pub publishes: Vec<String>,
    /// Other names it is reached by.
    pub aliases: Vec<String>,
    /// Events it wants.
    pub subscriptions: Vec<Subscription>,
    /// Seconds between ticks by name of the schedule.
    pub cron: BTreeMap<String, NonZeroU32>,
}

/// What the host's configuration puts in place of the manifest's own words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// In place of all of `tool.dayloom.topics`.
    pub topics: Option<BTreeMap<String, Vec<String>>>,
    /// In place of a component's subscriptions, by component id.
    pub subscriptions: BTreeMap<String, Vec<SubscriptionEntry>>,
    /// Ids of the components that run on this host; all if none is named.
    pub components: Option<BTreeSet<String>>,
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file can not be read.
    #[error("can not read the application manifest {}: {source}; name it with --app", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, or a key of the wrong type.
    #[error("{}:{line}: {}", path.display(), error.message())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there; not a source, whose text would have several lines.
        error: Box<toml::de::Error>,
    },
    /// A key whose value makes no sense with the rest.
    #[error("`{key}`: {problem}")]
    Invalid {
        /// The key, dotted.
        key: String,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

impl Manifest {
    /// Reads and checks the manifest at `path`. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// See [`ManifestError`]; each names the key and what to do.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path).map_err(|source| ManifestError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path, overrides)
    }

    /// Checks a manifest's text, as of the file at `path`.
    ///
    /// # Errors
    /// As [`Manifest::load`].
    pub fn parse(text: &str, path: &Path, overrides: &Overrides) -> Result<Self, ManifestError> {
        let document = toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            ManifestError::Syntax {
                path: path.to_owned(),
                line: before.map_or(1, |before| before.matches('\n').count() + 1),
                error: Box::new(error),
            }
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        check::manifest(document, base, overrides)
    }

    /// The variables that the components of this host use: it needs no others, such as the secrets of those elsewhere.
    pub fn used_variables(&self) -> BTreeSet<&str> {
        self.components
            .iter()
            .flat_map(|component| component.variables.values().chain(&component.allowed_outbound_hosts))
            .flat_map(Template::variables)
            .collect()
    }

    /// The component of that id or alias.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components
            .iter()
            .find(|component| &*component.id == name || component.aliases.iter().any(|a| a == name))
    }
}

/// Spin's rule for variable names.
fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
