//! Spin's manifest (version 2), as far as it is used here. Unknown keys are tolerated, as they are many.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

/// The manifest and the folder its paths are relative to.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) folder: PathBuf,
    pub(crate) document: Document,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    spin_manifest_version: i64,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub(crate) trigger: Triggers,
    pub(crate) component: BTreeMap<String, Component>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Variable {
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) required: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Triggers {
    #[serde(default)]
    pub(crate) http: Vec<HttpTrigger>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HttpTrigger {
    pub(crate) route: Route,
    pub(crate) component: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Route {
    Path(String),
    Private { private: bool },
}

#[derive(Debug, Deserialize)]
pub(crate) struct Component {
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) files: Vec<Mount>,
    #[serde(default)]
    pub(crate) key_value_stores: Vec<String>,
    #[serde(default)]
    pub(crate) sqlite_databases: Vec<String>,
    #[serde(default)]
    pub(crate) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(crate) dependencies: BTreeMap<String, Dependency>,
    #[serde(default)]
    pub(crate) dependencies_inherit_configuration: bool,
}

/// A file at the place of its own path, or a folder or file somewhere else.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Mount {
    Pattern(String),
    Placed { source: String, destination: String },
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) path: String,
    pub(crate) export: Option<String>,
    #[serde(default)]
    pub(crate) inherit_configuration: Inherit,
}

/// Which of the component's rights a dependency has too.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Inherit {
    All(bool),
    Some(Vec<String>),
}

impl Default for Inherit {
    fn default() -> Self {
        Self::All(false)
    }
}

impl Manifest {
    /// Reads the manifest at `path`, or the `spin.toml` in that folder.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let path = if path.is_dir() {
            path.join("spin.toml")
        } else {
            path.to_owned()
        };
        let path = path
            .canonicalize()
            .with_context(|| format!("no manifest at {}", path.display()))?;
        let text = std::fs::read_to_string(&path).with_context(|| format!("can not read {}", path.display()))?;
        let document: Document = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
        ensure!(
            document.spin_manifest_version == 2,
            "only manifests of version 2 are known"
        );
        for (name, variable) in &document.variables {
            ensure!(
                variable.required != variable.default.is_some(),
                "variable `{name}` needs a default or `required = true`"
            );
        }
        let mut seen = Vec::new();
        for trigger in &document.trigger.http {
            let id = &trigger.component;
            ensure!(
                document.component.contains_key(id),
                "a trigger names `{id}`, which is no component"
            );
            if let Route::Private { private } = trigger.route {
                ensure!(private, "`private = false` says nothing; write a path");
            }
            seen.push(id.as_str());
        }
        if let Some(id) = document.component.keys().find(|id| !seen.contains(&id.as_str())) {
            bail!("component `{id}` has no trigger");
        }
        let folder = path.parent().context("a file has a folder")?.to_owned();
        Ok(Self { folder, document })
    }

    /// A path of the manifest. Only files of this machine: nothing is fetched.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }
}
