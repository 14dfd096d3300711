use std::{fs, path::Path, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo, RedisResult, TlsCertificates,
    aio::MultiplexedConnection,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::ExposeSecret;

use crate::config::{ConfigError, RedisConfig};

/// The server as the configuration names it: makes connections to it.
#[derive(Clone)]
pub(crate) struct Server {
    client: Client,
    connect_within: Duration,
    pub(crate) response_within: Duration,
}

impl Server {
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let info = info(config)?;
        let client = if config.url.starts_with("rediss://") {
            // Fails only if the process has chosen a provider already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: config.ca_file.as_deref().map(authorities).transpose()?,
            };
            Client::build_with_tls(info, certificates).map_err(|_| ConfigError::Certificates)?
        } else {
            Client::open(info).map_err(|_| ConfigError::Url)?
        };
        Ok(Self {
            client,
            connect_within: config.connect_within(),
            response_within: config.response_within(),
        })
    }

    /// A connection of its own, whose answers may take `extra` longer than usual.
    pub(crate) async fn connect(&self, extra: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_within))
            .set_response_timeout(Some(self.response_within + extra));
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

/// The file's text, with at least one certificate in it: else every server would be refused, and nobody told why.
fn authorities(file: &Path) -> Result<Vec<u8>, ConfigError> {
    let pem = fs::read(file).map_err(ConfigError::CaFile)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        _ => Err(ConfigError::Certificates),
    }
}

fn info(config: &RedisConfig) -> Result<ConnectionInfo, ConfigError> {
    let info = config
        .url
        .as_str()
        .into_connection_info()
        .map_err(|_| ConfigError::Url)?;
    let mut settings = info.redis_settings().clone();
    if let Some(username) = &config.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &config.password {
        settings = settings.set_password(password.expose_secret());
    }
    Ok(info.set_redis_settings(settings))
}
