use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{OpenError, PostgresConfig};

/// What makes connections private. With TLS off it is never asked.
pub(crate) fn connector(config: &PostgresConfig) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = RootCertStore::empty();
    match &config.tls_ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let refuse = |reason: &str| OpenError::Config(format!("`tls_ca_file` {}: {reason}", path.display()));
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| refuse(&error.to_string()))?;
            if certificates.is_empty() {
                return Err(refuse("holds no certificate; write a file in PEM format"));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|error| refuse(&error.to_string()))?;
            }
        }
    }
    let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Config(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}
