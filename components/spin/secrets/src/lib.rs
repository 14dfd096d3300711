//! Variables on Spin, for a deployment whose secrets are in the sidecar's secret store: a variable that Spin has no value
//! for is looked for there. Only composed into deployments with a sidecar.

use bindings::exports::wasi::config::store as wit;
use dayloom_spin_kit::bindings::wasi::config::store;
use dayloom_spin_kit::{Settings, Sidecar};
use secrecy::ExposeSecret;

struct Secrets;

dayloom_spin_kit::adapter!("spin-secrets", Secrets, [http]);

/// The variables that may be in the store. Any other one would cost each of its reads a call.
const SECRETS: [&str; 1] = ["key_encryption_key"];

impl wit::Guest for Secrets {
    fn get(key: String) -> Result<Option<String>, wit::Error> {
        let value = store::get(&key).map_err(passed_on)?;
        if value.as_ref().is_some_and(|value| !value.is_empty()) || !SECRETS.contains(&&*key) {
            return Ok(value);
        }
        let settings = Settings::read();
        let Some(sidecar) = &settings.sidecar else {
            return Ok(value);
        };
        match Sidecar::new(sidecar).secret(&key) {
            Ok(secret) => Ok(secret.map(|secret| secret.expose_secret().to_owned())),
            Err(error) => {
                eprintln!("secrets: {key} can not be read: {error}");
                Err(wit::Error::Upstream(error.to_string()))
            }
        }
    }

    /// The variables alone: who asks for all of them wants no secret.
    fn get_all() -> Result<Vec<(String, String)>, wit::Error> {
        store::get_all().map_err(passed_on)
    }
}

fn passed_on(error: store::Error) -> wit::Error {
    match error {
        store::Error::Upstream(text) => wit::Error::Upstream(text),
        store::Error::Io(text) => wit::Error::Io(text),
    }
}
