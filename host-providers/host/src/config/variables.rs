//! Values of the application's variables.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{Config, ConfigError, Environment, secrets, servers::read_secret};
use crate::manifest::Manifest;

/// A value for each variable that the components of this host use. Shows only their names, because some are secrets.
#[derive(Clone, Default, PartialEq)]
pub struct Variables(BTreeMap<String, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Takes each variable that a component here uses from the first place that has it: `DAYLOOM_VARIABLE_<NAME>`, the file named by
    /// `DAYLOOM_VARIABLE_<NAME>_FILE`, `SPIN_VARIABLE_<NAME>`, the configuration's `[variables]`, the secret the host made
    /// itself (`data/secrets`), the manifest's default. A host that shares servers with others makes no secret, because
    /// another host would make another one.
    ///
    /// # Errors
    /// A required variable without a value, a configured one that the manifest does not know, or a secret file that can
    /// not be used.
    pub fn resolve(
        manifest: &Manifest,
        config: &Config,
        environment: &Environment,
        data: &Path,
    ) -> Result<Self, ConfigError> {
        let configured = &config.variables;
        let is_shared = config.has_servers();
        if let Some(name) = configured.keys().find(|name| !manifest.variables.contains_key(*name)) {
            return Err(ConfigError::UnknownVariable(name.clone()));
        }
        let mut values = BTreeMap::new();
        let used = manifest.used_variables();
        for (name, variable) in manifest
            .variables
            .iter()
            .filter(|(name, _)| used.contains(name.as_str()))
        {
            let upper = name.to_ascii_uppercase();
            let from_environment = |prefix: &str, suffix: &str| environment.get(&format!("{prefix}{upper}{suffix}"));
            let file = from_environment("DAYLOOM_VARIABLE_", "_FILE").map(|path| read_secret(Path::new(path)));
            let given = match (from_environment("DAYLOOM_VARIABLE_", ""), file) {
                (Some(value), _) => Some(value.clone()),
                (None, Some(read)) => Some(read?),
                (None, None) => from_environment("SPIN_VARIABLE_", "")
                    .or_else(|| configured.get(name))
                    .cloned(),
            };
            let value = match (given, manifest.generated_secrets.get(name)) {
                (Some(value), _) => Some(value),
                (None, Some(file)) => {
                    let folder = secrets_folder(data);
                    if is_shared && !folder.join(file).exists() {
                        return Err(ConfigError::SharedVariable { name: name.clone() });
                    }
                    Some(secrets::load_or_create(&folder, file)?)
                }
                (None, None) => variable.default.clone(),
            };
            match value {
                Some(value) => values.insert(name.clone(), value),
                None => return Err(ConfigError::MissingVariable(name.clone())),
            };
        }
        Ok(Self(values))
    }

    /// Values by name.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

fn secrets_folder(data: &Path) -> PathBuf {
    data.join("secrets")
}
