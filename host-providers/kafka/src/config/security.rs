use std::path::PathBuf;

use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// How the password is shown to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SaslMechanism {
    /// As it is: only over TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// By a challenge, SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// By a challenge, SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Who this process is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// How the password is shown.
    pub mechanism: SaslMechanism,
    /// The user.
    pub username: String,
    /// The user's password; never printed.
    pub password: SecretString,
}

/// Encryption, and whom to believe. An empty table trusts the authorities the system trusts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Authorities to trust instead of the system's, PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// This process's certificate, PEM, where the brokers ask for one.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The private key's password, if it has one; never printed.
    #[serde(default)]
    pub key_password: Option<SecretString>,
}

pub(super) fn check(sasl: Option<&Sasl>, tls: Option<&Tls>) -> Result<(), String> {
    if let Some(sasl) = sasl {
        if sasl.username.is_empty() {
            return Err("`sasl.username` is empty; name the user".to_owned());
        }
        if sasl.password.expose_secret().is_empty() {
            return Err("`sasl.password` is empty; give the user's password".to_owned());
        }
        if sasl.mechanism == SaslMechanism::Plain && tls.is_none() {
            return Err(
                "`sasl.mechanism` PLAIN would send the password in the clear; add a `tls` table, or use SCRAM"
                    .to_owned(),
            );
        }
    }
    let Some(tls) = tls else { return Ok(()) };
    if tls.certificate_file.is_some() != tls.key_file.is_some() {
        return Err("`tls.certificate_file` and `tls.key_file` belong together; give both or neither".to_owned());
    }
    if tls.key_password.is_some() && tls.key_file.is_none() {
        return Err("`tls.key_password` is for a `tls.key_file`; give that too".to_owned());
    }
    let files = [
        ("tls.ca_file", &tls.ca_file),
        ("tls.certificate_file", &tls.certificate_file),
        ("tls.key_file", &tls.key_file),
    ];
    for (key, file) in files {
        let Some(file) = file else { continue };
        if let Err(error) = std::fs::File::open(file) {
            return Err(format!("`{key}` is {}, which can not be read: {error}", file.display()));
        }
    }
    Ok(())
}

/// Tells the client library. The only place that looks at secrets.
pub(crate) fn apply(client: &mut ClientConfig, sasl: Option<&Sasl>, tls: Option<&Tls>) {
    let protocol = match (sasl, tls) {
        (None, None) => "plaintext",
        (None, Some(_)) => "ssl",
        (Some(_), None) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    client.set("security.protocol", protocol);
    if let Some(sasl) = sasl {
        client
            .set("sasl.mechanism", sasl.mechanism.name())
            .set("sasl.username", &sasl.username)
            .set("sasl.password", sasl.password.expose_secret());
    }
    let Some(tls) = tls else { return };
    // `probe` looks where the distributions keep their authorities: the OpenSSL that is linked in has no such place.
    let authorities = tls
        .ca_file
        .as_ref()
        .map_or_else(|| "probe".into(), |file| file.to_string_lossy());
    client
        .set("ssl.ca.location", authorities)
        .set("ssl.endpoint.identification.algorithm", "https");
    if let (Some(certificate), Some(key)) = (&tls.certificate_file, &tls.key_file) {
        client
            .set("ssl.certificate.location", certificate.to_string_lossy())
            .set("ssl.key.location", key.to_string_lossy());
    }
    if let Some(password) = &tls.key_password {
        client.set("ssl.key.password", password.expose_secret());
    }
}
