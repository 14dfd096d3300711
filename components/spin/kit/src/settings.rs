//! What the deployment decides, read from the component's variables.

use std::fmt;

use secrecy::SecretString;

use crate::bindings::wasi::config::store;

/// Pub/sub component of the sidecar where the deployment names none.
const PUBSUB_DEFAULT: &str = "dayloom-pubsub";
/// State component of the sidecar where the deployment names none.
const STATE_STORE_DEFAULT: &str = "dayloom-state";

/// The variables of `spin.toml` that adapters read. Where one is empty, it is `None` or its default.
#[derive(Debug)]
pub struct Settings {
    /// `component_id`: the component that this instance is, as `spin.toml` names it.
    pub component: String,
    /// `postgres_url`: PostgreSQL instead of Spin's SQLite.
    pub postgres_url: Option<SecretString>,
    /// `redis_url`: Redis for live messages instead of the database.
    pub redis_url: Option<SecretString>,
    /// The Dapr sidecar, if there is one.
    pub sidecar: Option<SidecarSettings>,
    /// `app_token`: what the sidecar has to send in `Dapr-Api-Token`.
    pub app_token: Option<SecretString>,
}

/// Where the sidecar is and what its components are called.
pub struct SidecarSettings {
    /// `sidecar_url`, such as `http://localhost:3500`, without a slash at its end.
    pub url: String,
    /// `sidecar_token`: sent as `dapr-api-token`.
    pub token: Option<SecretString>,
    /// `pubsub`: its pub/sub component.
    pub pubsub: String,
    /// `state_store`: its state component.
    pub state_store: String,
    /// `secret_store`: its secret store, if secrets are read from one.
    pub secret_store: Option<String>,
}

impl fmt::Debug for SidecarSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidecarSettings")
            .field("url", &self.url)
            .field("pubsub", &self.pubsub)
            .field("state_store", &self.state_store)
            .field("secret_store", &self.secret_store)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the variables.
    pub fn read() -> Self {
        Self::from_variables(variable)
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let secret = |name| variable(name).map(SecretString::from);
        let or = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        Self {
            component: or("component_id", ""),
            postgres_url: secret("postgres_url"),
            redis_url: secret("redis_url"),
            sidecar: variable("sidecar_url").map(|url| SidecarSettings {
                url: url.trim_end_matches('/').to_owned(),
                token: secret("sidecar_token"),
                pubsub: or("pubsub", PUBSUB_DEFAULT),
                state_store: or("state_store", STATE_STORE_DEFAULT),
                secret_store: variable("secret_store"),
            }),
            app_token: secret("app_token"),
        }
    }
}

/// The deployment's value of a variable, if it gave one that is not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    match store::get(name) {
        Ok(value) => value.filter(|value| !value.is_empty()),
        Err(error) => {
            eprintln!("variable {name} can not be read: {error:?}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::Settings;

    #[test]
    fn without_variables_everything_is_in_spins_own_database() {
        let settings = Settings::from_variables(|_| None);
        assert!(settings.postgres_url.is_none() && settings.redis_url.is_none());
        assert!(settings.sidecar.is_none() && settings.app_token.is_none());
    }

    #[test]
    fn a_sidecar_has_default_names_and_hides_its_token() {
        let settings = Settings::from_variables(|name| match name {
            "sidecar_url" => Some("http://localhost:3500/".to_owned()),
            "sidecar_token" => Some("s3cret".to_owned()),
            "postgres_url" => Some("postgres://u:s3cret@h/d".to_owned()),
            _ => None,
        });
        assert!(!format!("{settings:?}").contains("s3cret"));
        let sidecar = settings.sidecar.expect("a sidecar");
        assert_eq!(sidecar.url, "http://localhost:3500");
        assert_eq!(
            (&*sidecar.pubsub, &*sidecar.state_store),
            ("dayloom-pubsub", "dayloom-state")
        );
        assert_eq!(sidecar.token.expect("a token").expose_secret(), "s3cret");
    }
}
